//! Contents and the objects that they are made of, as far as the database knows them.
//!
//! An object's row is made before its bytes are stored and goes after they are removed. Invariant: a content's objects are all in
//! the store, because [`keep`] looks once more for each in the transaction that makes the content known, and
//! [`begin_removal`] takes only what no content and no update uses, nobody is uploading, and nobody can be fetching any more.

pub mod damage;
pub mod improvement;
mod stats;
pub mod update;

pub use stats::stats;

use dray_model::package::NotCarried;
use dray_model::{Digest, Timestamp};
use serde::Serialize;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// A tree and the manifest object that tells how it is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContent {
    /// Digest of the tree.
    pub digest: Digest,
    /// Digest of the manifest object.
    pub manifest: Digest,
    /// Its bytes.
    pub manifest_bytes: u64,
    /// Bytes of all files.
    pub size_bytes: u64,
    /// Number of files.
    pub files: u64,
    /// What a computer must be able to do to hold it.
    pub requires: Vec<String>,
    /// What the source had that it doesn't carry.
    pub not_carried: Vec<NotCarried>,
}

/// An object of the content store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredObject {
    /// Its name there.
    pub name: String,
    /// Its bytes.
    pub size_bytes: u64,
}

/// A content; complete it with a condition on `c`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.digest, c.manifest, c.manifest_bytes, c.size_bytes, c.files, c.requires, c.not_carried FROM content AS c ",
            $rest
        )
    };
}

/// The content with this digest.
pub async fn find(snapshot: &mut Snapshot, digest: &Digest) -> Result<Option<StoredContent>, StoreError> {
    let row = sqlx::query(select!("WHERE c.digest = $1"))
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a content")?;
    row.as_ref().map(read).transpose()
}

/// The contents with these digests, as far as they are known.
pub async fn find_all(snapshot: &mut Snapshot, digests: &[Digest]) -> Result<Vec<StoredContent>, StoreError> {
    const SQL: &str = select!("WHERE c.digest IN (SELECT unhex(e.value ->> 'digest') FROM EACH($1) AS e)");
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&digest_rows(digests)))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find contents")?;
    page::read_all(&rows, read)
}

/// All objects of a content and of the updates to it, by name; with the manifest no difference is needed to make it.
pub async fn objects(snapshot: &mut Snapshot, content: &Digest) -> Result<Vec<StoredObject>, StoreError> {
    const SQL: &str = "SELECT o.name, o.size_bytes FROM content_object AS o WHERE \
                       EXISTS (SELECT 1 FROM content_object_use AS u WHERE u.object = o.name AND u.content = $1) OR \
                       EXISTS (SELECT 1 FROM content_update_object AS u WHERE u.object = o.name AND u.to_content = $1 \
                       AND o.name NOT LIKE 'manifest-differences/%') ORDER BY o.name";
    let rows = sqlx::query(SQL)
        .bind(content.as_bytes().as_slice())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the objects of a content")?;
    page::read_all(&rows, read_object)
}

/// Notes that the objects are about to be stored, so that nobody removes them meanwhile. False when one of them is just being
/// removed: take the transaction back and try again later.
pub async fn begin_upload(tx: &mut WriteTx, objects: &[StoredObject], now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO content_object (name, size_bytes, uploading_since, removing) \
                       SELECT e.value ->> 'name', CAST(e.value ->> 'size_bytes' AS BIGINT), CAST($1 AS BIGINT), 0 \
                       FROM EACH($2) AS e WHERE 1 = 1 ON CONFLICT (name) DO UPDATE \
                       SET uploading_since = excluded.uploading_since WHERE content_object.removing = 0";
    let done = sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(now.micros())
        .bind(sql::rows(&objects))
        .execute(tx.connection())
        .await
        .attempt("record objects to be stored")?;
    Ok(done.rows_affected() == objects.len() as u64)
}

/// Makes a content known whose objects are all stored. False when one of them was removed meanwhile: take the transaction back,
/// store it again and come back.
pub async fn keep(
    tx: &mut WriteTx,
    content: &StoredContent,
    objects: &[StoredObject],
    now: Timestamp,
) -> Result<bool, StoreError> {
    const CONTENT: &str = "INSERT INTO content (digest, manifest, manifest_bytes, size_bytes, files, requires, not_carried, stored_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const USES: &str = "INSERT INTO content_object_use (content, object) \
                        SELECT c.digest, e.value ->> 'name' FROM content AS c, EACH($1) AS e WHERE c.digest = $2";
    if !end_upload(tx, objects).await? {
        return Ok(false);
    }
    sqlx::query(CONTENT)
        .bind(content.digest.as_bytes().as_slice())
        .bind(content.manifest.as_bytes().as_slice())
        .bind(page::stored(content.manifest_bytes))
        .bind(page::stored(content.size_bytes))
        .bind(page::stored(content.files))
        .bind(sql::rows(&content.requires))
        .bind(sql::rows(&content.not_carried))
        .bind(now.micros())
        .execute(tx.connection())
        .await
        .attempt("register content")?;
    sqlx::query(sql::expand(tx.engine(), USES))
        .bind(sql::rows(&objects))
        .bind(content.digest.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("record the objects of a content")?;
    Ok(true)
}

/// Notes that the objects are stored. False when one of them was removed meanwhile.
async fn end_upload(tx: &mut WriteTx, objects: &[StoredObject]) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE content_object SET uploading_since = NULL \
                       WHERE removing = 0 AND name IN (SELECT e.value ->> 'name' FROM EACH($1) AS e)";
    let stored = sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&objects))
        .execute(tx.connection())
        .await
        .attempt("find objects that are already stored")?;
    Ok(stored.rows_affected() == objects.len() as u64)
}

/// Forgets contents that no release has, and that points reported them. Tells how many.
pub async fn forget_unused(tx: &mut WriteTx) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM content WHERE NOT EXISTS (SELECT 1 FROM release AS r WHERE r.content = content.digest)",
    )
    .execute(tx.connection())
    .await
    .attempt("delete contents without a release")?;
    Ok(done.rows_affected())
}

/// Picks at most `limit` objects that nothing uses, to be removed from the store. Those whose upload began at or after
/// `uploads_since` are left: somebody is at it; and those that are kept beyond `now`. What an earlier removal left undone is picked
/// again.
pub async fn begin_removal(
    tx: &mut WriteTx,
    uploads_since: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<StoredObject>, StoreError> {
    const SQL: &str = "UPDATE content_object SET removing = 1 WHERE name IN (SELECT o.name FROM content_object AS o \
                       WHERE (o.uploading_since IS NULL OR o.uploading_since < $1) \
                       AND (o.kept_until IS NULL OR o.kept_until <= $2) \
                       AND NOT EXISTS (SELECT 1 FROM content_object_use AS u WHERE u.object = o.name) \
                       AND NOT EXISTS (SELECT 1 FROM content_update_object AS u WHERE u.object = o.name) \
                       ORDER BY o.name LIMIT $3) RETURNING name, size_bytes";
    let rows = sqlx::query(SQL)
        .bind(uploads_since.micros())
        .bind(now.micros())
        .bind(i64::from(limit))
        .fetch_all(tx.connection())
        .await
        .attempt("pick unused objects")?;
    page::read_all(&rows, read_object)
}

/// Notes that objects are removed from the store.
pub async fn removed(tx: &mut WriteTx, objects: &[StoredObject]) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM content_object WHERE removing = 1 \
                       AND name IN (SELECT e.value ->> 'name' FROM EACH($1) AS e)";
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&objects))
        .execute(tx.connection())
        .await
        .attempt("delete records of removed objects")?;
    Ok(())
}

fn read_object(row: &sqlx::any::AnyRow) -> Result<StoredObject, StoreError> {
    let record = Record::new("content_object", "name", row);
    Ok(StoredObject { name: record.text("name")?, size_bytes: record.size("size_bytes")? })
}

#[derive(Serialize)]
pub(crate) struct DigestRow {
    digest: String,
}

pub(crate) fn digest_rows(digests: &[Digest]) -> Vec<DigestRow> {
    digests.iter().map(|digest| DigestRow { digest: digest.to_string() }).collect()
}

fn read(row: &sqlx::any::AnyRow) -> Result<StoredContent, StoreError> {
    let record = Record::new("content", "manifest_bytes", row);
    Ok(StoredContent {
        digest: record.digest("digest")?,
        manifest: record.digest("manifest")?,
        manifest_bytes: record.size("manifest_bytes")?,
        size_bytes: record.size("size_bytes")?,
        files: record.size("files")?,
        requires: record.json("requires")?,
        not_carried: record.json("not_carried")?,
    })
}

#[cfg(test)]
pub(crate) mod tests;
