//! Which objects of the content store were read when, and which turned out to be damaged or missing.
//!
//! A damage is noted once, with the instant at which it was noticed, and goes when the object is good again. Updates that lean on a
//! damaged object are dropped here, so that nobody is sent to them.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::api::content::{DamageState, DamagedObject};
use dray_model::{Digest, Name, Timestamp};

use super::{StoredObject, read_object};
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// Somebody who published a content, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// The package.
    pub package: Name,
    /// Which of its versions.
    pub source_version: u32,
    /// The content.
    pub content: Digest,
    /// Its manifest.
    pub manifest: Digest,
    /// The package's source folder.
    pub source: Option<String>,
}

/// Objects that were not read since `before`, those that were not read for longest first; at most `limit`. Those that are on their way
/// are left: their uploads began at or after `uploads_since`; and so are those that are being removed.
pub async fn unread(
    snapshot: &mut Snapshot,
    before: Timestamp,
    uploads_since: Timestamp,
    limit: u32,
) -> Result<Vec<StoredObject>, StoreError> {
    const SQL: &str = "SELECT o.name, o.size_bytes FROM content_object AS o WHERE o.removing = 0 \
                       AND (o.uploading_since IS NULL OR o.uploading_since < $1) \
                       AND COALESCE(o.verified_at, 0) < $2 ORDER BY COALESCE(o.verified_at, 0), o.name LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(uploads_since.micros())
        .bind(before.micros())
        .bind(i64::from(limit))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find objects that have not been read for a long time")?;
    page::read_all(&rows, read_object)
}

/// Bytes of all objects of [`unread`].
pub async fn unread_bytes(
    snapshot: &mut Snapshot,
    before: Timestamp,
    uploads_since: Timestamp,
) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(o.size_bytes), 0) AS BIGINT) AS bytes FROM content_object AS o \
                       WHERE o.removing = 0 AND (o.uploading_since IS NULL OR o.uploading_since < $1) \
                       AND COALESCE(o.verified_at, 0) < $2";
    let row = sqlx::query(SQL)
        .bind(uploads_since.micros())
        .bind(before.micros())
        .fetch_one(snapshot.connection())
        .await
        .attempt("count objects that have not been read for a long time")?;
    Record::new("content_object", "bytes", &row).size("bytes")
}

/// Notes that an object is good. Tells whether it was not before.
pub async fn note_good(tx: &mut WriteTx, object: &str, now: Timestamp) -> Result<bool, StoreError> {
    sqlx::query("UPDATE content_object SET verified_at = $1 WHERE name = $2")
        .bind(now.micros())
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("record an object as good")?;
    let done = sqlx::query("DELETE FROM content_damage WHERE object = $1")
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("delete a damage record")?;
    Ok(done.rows_affected() > 0)
}

/// Notes that a good object took the place of a damaged one, and is on its way no more when something needs it. Tells whether it was damaged.
pub async fn note_restored(tx: &mut WriteTx, object: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE content_object SET uploading_since = NULL WHERE name = $1 \
                       AND EXISTS (SELECT 1 FROM content_object_use AS u WHERE u.object = content_object.name)";
    sqlx::query(SQL).bind(object).execute(tx.connection()).await.attempt("record an object as restored")?;
    note_good(tx, object, now).await
}

/// Notes that an object is damaged or missing, unless it is unknown or being removed. Tells whether that is new.
pub async fn note_bad(
    tx: &mut WriteTx,
    object: &str,
    state: DamageState,
    why: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const NEW: &str = "INSERT INTO content_damage (object, state, why, found_at) \
                       SELECT o.name, $1, $2, CAST($3 AS BIGINT) FROM content_object AS o \
                       WHERE o.name = $4 AND o.removing = 0 ON CONFLICT (object) DO NOTHING";
    const KNOWN: &str = "UPDATE content_damage SET state = $1, why = $2 WHERE object = $3";
    sqlx::query("UPDATE content_object SET verified_at = $1 WHERE name = $2")
        .bind(now.micros())
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("record an object as read")?;
    let done = sqlx::query(NEW)
        .bind(state.as_str())
        .bind(why)
        .bind(now.micros())
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("record damage")?;
    if done.rows_affected() > 0 {
        return Ok(true);
    }
    sqlx::query(KNOWN)
        .bind(state.as_str())
        .bind(why)
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("update a damage record")?;
    Ok(false)
}

/// Notes why a damaged object could not be made again, and what to do.
pub async fn note_hint(tx: &mut WriteTx, object: &str, hint: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE content_damage SET hint = $1 WHERE object = $2")
        .bind(hint)
        .bind(object)
        .execute(tx.connection())
        .await
        .attempt("record what to do about damage")?;
    Ok(())
}

/// Whether an object is known to be damaged or missing.
pub async fn is_damaged(snapshot: &mut Snapshot, object: &str) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT object FROM content_damage WHERE object = $1")
        .bind(object)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a damage record")?;
    Ok(row.is_some())
}

/// Everything that is damaged or missing, by name, with the source versions that need it.
pub async fn list(snapshot: &mut Snapshot) -> Result<Vec<DamagedObject>, StoreError> {
    const SQL: &str = "SELECT d.object, d.state, d.why, d.hint, d.found_at FROM content_damage AS d ORDER BY d.object";
    const NEEDED: &str = "SELECT DISTINCT d.object, r.package, r.source_version FROM content_damage AS d \
                          JOIN content_object_use AS u ON u.object = d.object JOIN release AS r ON r.content = u.content \
                          ORDER BY d.object, r.package, r.source_version";
    let rows = sqlx::query(NEEDED).fetch_all(snapshot.connection()).await.attempt("find who needs damaged objects")?;
    let mut needed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let record = Record::new("content_damage", "object", row);
        let version = format!("{}@{}", record.text("package")?, record.count("source_version")?);
        needed.entry(record.text("object")?).or_default().push(version);
    }
    let rows = sqlx::query(SQL).fetch_all(snapshot.connection()).await.attempt("list damaged objects")?;
    rows.iter()
        .map(|row| {
            let record = Record::new("content_damage", "object", row);
            let object = record.text("object")?;
            let state = match record.text("state")?.as_str() {
                "damaged" => DamageState::Damaged,
                "missing" => DamageState::Missing,
                other => return Err(record.corrupt("state", format!("{other} is not a state of an object"))),
            };
            Ok(DamagedObject {
                state,
                why: record.text("why")?,
                hint: record.optional("hint", Record::text)?,
                found_at: record.time("found_at")?,
                needed_by: needed.remove(&object).unwrap_or_default(),
                object,
            })
        })
        .collect()
}

/// Drops the updates that lean on an object, as if they had never been prepared. Tells the contents that they led to.
pub async fn drop_updates(tx: &mut WriteTx, object: &str) -> Result<BTreeSet<Digest>, StoreError> {
    const TRIED: &str = "DELETE FROM content_update_tried WHERE EXISTS (SELECT 1 FROM content_update_object AS u \
                         WHERE u.object = $1 AND u.to_content = content_update_tried.to_content \
                         AND u.from_content = content_update_tried.from_content)";
    const DROP: &str = "DELETE FROM content_update WHERE EXISTS (SELECT 1 FROM content_update_object AS u \
                        WHERE u.object = $1 AND u.to_content = content_update.to_content \
                        AND u.from_content = content_update.from_content) RETURNING to_content, object_bytes";
    sqlx::query(TRIED).bind(object).execute(tx.connection()).await.attempt("delete records of prepared updates")?;
    let rows = sqlx::query(DROP)
        .bind(object)
        .fetch_all(tx.connection())
        .await
        .attempt("drop updates that depend on a damaged object")?;
    rows.iter().map(|row| Record::new("content_update", "object_bytes", row).digest("to_content")).collect()
}

/// The versions of packages whose contents need an object, with what is known to make them again: by package, the newest first.
pub async fn publishers(snapshot: &mut Snapshot, object: &str) -> Result<Vec<Publisher>, StoreError> {
    const SQL: &str = "SELECT r.package, r.source_version, c.digest, c.manifest, p.source FROM content_object_use AS u \
                       JOIN content AS c ON c.digest = u.content JOIN release AS r ON r.content = c.digest AND r.revision = 1 \
                       JOIN package AS p ON p.name = r.package WHERE u.object = $1 \
                       ORDER BY r.package, r.source_version DESC";
    let rows = sqlx::query(SQL)
        .bind(object)
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the publisher of content with a damaged object")?;
    page::read_all(&rows, |row| {
        let record = Record::new("release", "package", row);
        Ok(Publisher {
            package: record.parsed("package")?,
            source_version: record.count("source_version")?,
            content: record.digest("digest")?,
            manifest: record.digest("manifest")?,
            source: record.optional("source", Record::text)?,
        })
    })
}

/// Content and manifest of the source versions of a package before one, the newest first.
pub async fn contents_before(
    snapshot: &mut Snapshot,
    package: &Name,
    source_version: u32,
    limit: u32,
) -> Result<Vec<(Digest, Digest)>, StoreError> {
    const SQL: &str = "SELECT r.source_version, c.digest, c.manifest FROM release AS r JOIN content AS c ON c.digest = r.content \
                       WHERE r.package = $1 AND r.revision = 1 AND r.source_version < $2 \
                       ORDER BY r.source_version DESC LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(package.as_str())
        .bind(i64::from(source_version))
        .bind(i64::from(limit))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the earlier contents of a package")?;
    page::read_all(&rows, |row| {
        let record = Record::new("content", "source_version", row);
        Ok((record.digest("digest")?, record.digest("manifest")?))
    })
}

#[cfg(test)]
mod tests;
