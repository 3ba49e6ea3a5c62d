//! The audit log: append only, each record bound to the one before by a hash.
//!
//! Hash = BLAKE3 of the JSON array `["dray-audit-1", seq, at, actor, action, kind, name, detail, former hash]`, `detail` as the very
//! text that is stored. Records are numbered from 1 without gaps, so a removed record shows as well as an altered one.

use dray_model::api::audit::AuditRecord;
use dray_model::api::page::{Page, PageRequest};
use dray_model::{Digest, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

const FORMAT: &str = "dray-audit-1";
/// Records checked at a time by [`verify`].
const VERIFY_BATCH: i64 = 1000;

/// A change to be noted.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// When.
    pub at: Timestamp,
    /// Who, like `token:ci`.
    pub actor: &'a str,
    /// What was done, like `token.create`.
    pub action: &'a str,
    /// Kind of the object.
    pub object_kind: &'a str,
    /// Name or id of the object.
    pub object_name: &'a str,
    /// What changed; JSON.
    pub detail: &'a serde_json::Value,
}

/// A record as a bulk parameter; digests are hexadecimal.
#[derive(Serialize)]
struct Row<'a> {
    seq: i64,
    at: i64,
    actor: &'a str,
    action: &'a str,
    object_kind: &'a str,
    object_name: &'a str,
    detail: String,
    prev_hash: Digest,
    hash: Digest,
}

/// Appends a record. From here to its end the transaction is the only writer, on both engines, so the chain can't fork.
pub async fn append(tx: &mut WriteTx, entry: &Entry<'_>) -> Result<(), StoreError> {
    append_all(tx, std::slice::from_ref(entry)).await
}

/// Appends records in their order, in one statement. As [`append`].
pub async fn append_all(tx: &mut WriteTx, entries: &[Entry<'_>]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO audit (seq, at, actor, action, object_kind, object_name, detail, prev_hash, hash) \
                       SELECT CAST(e.value ->> 'seq' AS BIGINT), CAST(e.value ->> 'at' AS BIGINT), e.value ->> 'actor', \
                       e.value ->> 'action', e.value ->> 'object_kind', e.value ->> 'object_name', e.value ->> 'detail', \
                       unhex(e.value ->> 'prev_hash'), unhex(e.value ->> 'hash') FROM EACH($1) AS e";
    tx.wait_for_other_writers().await?;
    let (mut seq, mut former) = head(tx).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        seq += 1;
        let detail = entry.detail.to_string();
        let hash = hash(seq, entry, &detail, &former);
        let Entry { actor, action, object_kind, object_name, .. } = *entry;
        let at = entry.at.micros();
        rows.push(Row { seq, at, actor, action, object_kind, object_name, detail, prev_hash: former, hash });
        former = hash;
    }
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("append to the audit log")?;
    Ok(())
}

/// Number and hash of the newest record; 0 and zeros for an empty log.
pub async fn head(snapshot: &mut Snapshot) -> Result<(i64, Digest), StoreError> {
    let row = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(snapshot.connection())
        .await
        .attempt("read the end of the audit log")?;
    let Some(row) = row else { return Ok((0, Digest::from_bytes([0; 32]))) };
    let record = Record::new("audit", "seq", &row);
    Ok((record.number("seq")?, record.digest("hash")?))
}

/// Records from the newest to the oldest.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<AuditRecord>, StoreError> {
    const SQL: &str = "SELECT seq, at, actor, action, object_kind, object_name, detail, hash FROM audit WHERE seq < $1 \
                       ORDER BY seq DESC LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(page::number_after(request, i64::MAX))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the audit log")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |record| record.seq.to_string()))
}

/// Goes through the whole log and tells the number of the first record that doesn't follow from the one before it.
pub async fn verify(snapshot: &mut Snapshot) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT seq, at, actor, action, object_kind, object_name, detail, hash FROM audit WHERE seq > $1 \
                       ORDER BY seq LIMIT $2";
    let (mut last, mut former) = (0, Digest::from_bytes([0; 32]));
    loop {
        let rows = sqlx::query(SQL)
            .bind(last)
            .bind(VERIFY_BATCH)
            .fetch_all(snapshot.connection())
            .await
            .attempt("verify the audit log")?;
        if rows.is_empty() {
            return Ok(None);
        }
        for row in &rows {
            let (record, detail) = (read(row)?, Record::new("audit", "seq", row).text("detail")?);
            if record.seq != last + 1 || record.hash != hash(record.seq, &entry(&record), &detail, &former) {
                return Ok(Some(last + 1));
            }
            (last, former) = (record.seq, record.hash);
        }
    }
}

fn entry(record: &AuditRecord) -> Entry<'_> {
    Entry {
        at: record.at,
        actor: &record.actor,
        action: &record.action,
        object_kind: &record.object_kind,
        object_name: &record.object_name,
        detail: &record.detail,
    }
}

fn hash(seq: i64, entry: &Entry<'_>, detail: &str, former: &Digest) -> Digest {
    let fields = serde_json::json!([
        FORMAT,
        seq,
        entry.at.micros(),
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object_name,
        detail,
        former.to_string(),
    ]);
    Digest::of(fields.to_string().as_bytes())
}

fn read(row: &AnyRow) -> Result<AuditRecord, StoreError> {
    let record = Record::new("audit", "seq", row);
    Ok(AuditRecord {
        seq: record.number("seq")?,
        at: record.time("at")?,
        actor: record.text("actor")?,
        action: record.text("action")?,
        object_kind: record.text("object_kind")?,
        object_name: record.text("object_name")?,
        detail: record.json("detail")?,
        hash: record.digest("hash")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;
    use serde_json::json;

    async fn append_three(tx: &mut WriteTx) {
        for number in 1..=3 {
            let detail = json!({ "new": number });
            let entry = Entry {
                at: Timestamp::from_secs(number),
                actor: "system",
                action: "token.create",
                object_kind: "token",
                object_name: "ci",
                detail: &detail,
            };
            append(tx, &entry).await.unwrap();
        }
    }

    #[test]
    fn records_are_numbered_and_listed_newest_first() {
        each_engine(async |db| {
            let mut tx = db.write_beside_others().await.unwrap();
            append_three(&mut tx).await;
            let first = list(&mut tx, &PageRequest::new(Some(2), None)).await.unwrap();
            assert_eq!(first.items.iter().map(|r| r.seq).collect::<Vec<_>>(), [3, 2]);
            let rest = list(&mut tx, &PageRequest::new(Some(2), first.next)).await.unwrap();
            assert_eq!(rest.items[0].detail, json!({ "new": 1 }));
            assert_eq!(verify(&mut tx).await.unwrap(), None);
        });
    }

    #[test]
    fn an_altered_or_removed_record_is_found() {
        each_engine(async |db| {
            for tampering in ["UPDATE audit SET actor = 'token:eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"] {
                let mut tx = db.write().await.unwrap();
                append_three(&mut tx).await;
                sqlx::query(tampering).execute(tx.connection()).await.unwrap();
                assert_eq!(verify(&mut tx).await.unwrap(), Some(2), "{tampering}");
            }
        });
    }

    #[test]
    fn the_hash_of_a_record_is_frozen() {
        let detail = json!({ "new": 1 });
        let entry = Entry {
            at: Timestamp::from_secs(1),
            actor: "system",
            action: "token.create",
            object_kind: "token",
            object_name: "ci",
            detail: &detail,
        };
        let hash = hash(1, &entry, &detail.to_string(), &Digest::from_bytes([0; 32]));
        let text = format!(
            r#"["dray-audit-1",1,1000000,"system","token.create","token","ci","{{\"new\":1}}","{}"]"#,
            "0".repeat(64)
        );
        assert_eq!(hash, Digest::of(text.as_bytes()));
    }
}
