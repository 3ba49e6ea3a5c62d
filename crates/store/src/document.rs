//! Signed documents by the digest of their envelope: immutable, and the same bytes for everybody who asks.

use dray_model::{Digest, Timestamp};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// A document to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewDocument<'a> {
    /// Digest of `envelope`.
    pub digest: Digest,
    /// The role that signed it, like `release`.
    pub role: &'a str,
    /// The bytes that were signed and are sent.
    pub envelope: &'a [u8],
    /// Now.
    pub created_at: Timestamp,
}

/// Keeps a document; one that is already there stays as it is.
pub async fn insert(tx: &mut WriteTx, document: &NewDocument<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO document (digest, role, envelope, created_at) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (digest) DO NOTHING";
    sqlx::query(SQL)
        .bind(document.digest.as_bytes().as_slice())
        .bind(document.role)
        .bind(document.envelope)
        .bind(document.created_at.micros())
        .execute(tx.connection())
        .await
        .attempt("store a document")?;
    Ok(())
}

/// The envelope with this digest.
pub async fn find(snapshot: &mut Snapshot, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT envelope FROM document WHERE digest = $1")
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a document")?;
    row.map(|row| Record::new("document", "digest", &row).bytes("envelope")).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    #[test]
    fn a_document_reads_back_and_is_kept_once() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            let digest = Digest::of(b"envelope");
            let document =
                NewDocument { digest, role: "release", envelope: b"envelope", created_at: Timestamp::from_secs(1) };
            insert(&mut tx, &document).await.unwrap();
            insert(&mut tx, &document).await.unwrap();
            assert_eq!(find(&mut tx, &digest).await.unwrap().as_deref(), Some(b"envelope".as_slice()));
            assert_eq!(find(&mut tx, &Digest::of(b"")).await.unwrap(), None);
        });
    }
}
