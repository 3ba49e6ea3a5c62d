//! Updates of contents: one for each pair of trees, the objects that it needs, and which pairs were tried.
//!
//! An update goes with the content that it leads to. It stays when the content that it begins from is forgotten: devices may hold
//! that one for long, and what was prepared is still good; only it can't be prepared again. Invariant: the objects of a kept update
//! are all in the store, as those of a content are.

use std::collections::BTreeMap;

use dray_model::api::content::{UpdateLevel, UpdateView};
use dray_model::point::{AssignedObject, AssignedUpdate};
use dray_model::{Digest, Name, Timestamp};
use sqlx::any::AnyRow;

use super::{StoredObject, digest_rows, end_upload};
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// An update that is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredUpdate {
    /// The content that it leads to.
    pub to: Digest,
    /// The tree that must be held. It may be unknown to the site by now.
    pub from: Digest,
    /// How it was prepared.
    pub level: UpdateLevel,
    /// Digest of the update object.
    pub object: Digest,
    /// Its bytes.
    pub object_bytes: u64,
    /// Bytes that travel in all: the object and what it asks for of packs.
    pub fetch_bytes: u64,
    /// Bytes that travel without it.
    pub without_bytes: u64,
}

/// How a level is stored; a better one is a higher number.
const fn number(level: UpdateLevel) -> i64 {
    match level {
        UpdateLevel::Publish => 0,
        UpdateLevel::Background => 1,
    }
}

fn level(record: &Record<'_>, column: &'static str) -> Result<UpdateLevel, StoreError> {
    match record.number(column)? {
        0 => Ok(UpdateLevel::Publish),
        1 => Ok(UpdateLevel::Background),
        other => Err(record.corrupt(column, format!("{other} is not a level of an update"))),
    }
}

/// Keeps an update whose objects are all stored, in the place of a former one of the same pair, whose objects stay until
/// `former_until`. False when one of its objects was removed meanwhile: take the transaction back and store it again.
pub async fn keep(
    tx: &mut WriteTx,
    update: &StoredUpdate,
    objects: &[StoredObject],
    now: Timestamp,
    former_until: Timestamp,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "INSERT INTO content_update \
                          (to_content, from_content, level, object, object_bytes, fetch_bytes, without_bytes, prepared_at) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const OBJECTS: &str = "INSERT INTO content_update_object (to_content, from_content, object) \
                           SELECT u.to_content, u.from_content, e.value ->> 'name' FROM content_update AS u, EACH($1) AS e \
                           WHERE u.to_content = $2 AND u.from_content = $3";
    if !end_upload(tx, objects).await? {
        return Ok(false);
    }
    drop_former(tx, &update.to, &update.from, former_until).await?;
    sqlx::query(UPDATE)
        .bind(update.to.as_bytes().as_slice())
        .bind(update.from.as_bytes().as_slice())
        .bind(number(update.level))
        .bind(update.object.as_bytes().as_slice())
        .bind(page::stored(update.object_bytes))
        .bind(page::stored(update.fetch_bytes))
        .bind(page::stored(update.without_bytes))
        .bind(now.micros())
        .execute(tx.connection())
        .await
        .attempt("store an update")?;
    sqlx::query(sql::expand(tx.engine(), OBJECTS))
        .bind(sql::rows(&objects))
        .bind(update.to.as_bytes().as_slice())
        .bind(update.from.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("record the objects of an update")?;
    note_tried(tx, &update.to, &update.from, update.level).await?;
    Ok(true)
}

async fn drop_former(tx: &mut WriteTx, to: &Digest, from: &Digest, until: Timestamp) -> Result<(), StoreError> {
    const KEEP: &str = "UPDATE content_object SET kept_until = $1 WHERE name IN \
                        (SELECT u.object FROM content_update_object AS u WHERE u.to_content = $2 AND u.from_content = $3)";
    const DROP: &str = "DELETE FROM content_update WHERE to_content = $1 AND from_content = $2";
    sqlx::query(KEEP)
        .bind(until.micros())
        .bind(to.as_bytes().as_slice())
        .bind(from.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("keep the objects of a replaced update for a while")?;
    sqlx::query(DROP)
        .bind(to.as_bytes().as_slice())
        .bind(from.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("drop a replaced update")?;
    Ok(())
}

/// Notes that a pair was prepared at a level, whatever came of it.
pub async fn note_tried(tx: &mut WriteTx, to: &Digest, from: &Digest, level: UpdateLevel) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO content_update_tried (to_content, from_content, level) VALUES ($1, $2, $3) \
                       ON CONFLICT (to_content, from_content) DO UPDATE SET level = excluded.level \
                       WHERE content_update_tried.level < excluded.level";
    sqlx::query(SQL)
        .bind(to.as_bytes().as_slice())
        .bind(from.as_bytes().as_slice())
        .bind(number(level))
        .execute(tx.connection())
        .await
        .attempt("record a pair of contents as tried")?;
    Ok(())
}

/// From which trees an update to `to` was prepared, whatever came of it, and at which level.
pub async fn tried(snapshot: &mut Snapshot, to: &Digest) -> Result<BTreeMap<Digest, UpdateLevel>, StoreError> {
    const SQL: &str = "SELECT from_content, level FROM content_update_tried WHERE to_content = $1";
    let rows = sqlx::query(SQL)
        .bind(to.as_bytes().as_slice())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the pairs that were tried")?;
    rows.iter()
        .map(|row| {
            let record = Record::new("content_update_tried", "level", row);
            Ok((record.digest("from_content")?, level(&record, "level")?))
        })
        .collect()
}

/// The updates to these contents: by content, and for each those that move the fewest bytes first.
pub async fn find_all(snapshot: &mut Snapshot, contents: &[Digest]) -> Result<Vec<StoredUpdate>, StoreError> {
    const SQL: &str = "SELECT u.to_content, u.from_content, u.level, u.object, u.object_bytes, u.fetch_bytes, u.without_bytes \
                       FROM content_update AS u \
                       WHERE u.to_content IN (SELECT unhex(e.value ->> 'digest') FROM EACH($1) AS e) \
                       ORDER BY u.to_content, u.fetch_bytes, u.from_content";
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&digest_rows(contents)))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find updates")?;
    page::read_all(&rows, read)
}

/// The updates to a package's content `to`, as administrators see them; those that move the fewest bytes first.
pub async fn views(snapshot: &mut Snapshot, package: &Name, to: &Digest) -> Result<Vec<UpdateView>, StoreError> {
    const SQL: &str = "SELECT (SELECT MAX(r.source_version) FROM release AS r WHERE r.package = $1 \
                       AND r.content = u.from_content) AS from_version, u.from_content, u.level, u.fetch_bytes, \
                       u.without_bytes, u.prepared_at FROM content_update AS u WHERE u.to_content = $2 \
                       ORDER BY u.fetch_bytes, u.from_content";
    let rows = sqlx::query(SQL)
        .bind(package.as_str())
        .bind(to.as_bytes().as_slice())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the updates to a content")?;
    page::read_all(&rows, |row| {
        let record = Record::new("content_update", "fetch_bytes", row);
        Ok(UpdateView {
            from_version: record.optional("from_version", Record::count)?,
            from: record.digest("from_content")?,
            level: level(&record, "level")?,
            fetch_bytes: record.size("fetch_bytes")?,
            without_bytes: record.size("without_bytes")?,
            prepared_at: record.time("prepared_at")?,
        })
    })
}

/// The updates to all that a point is to hold, by content, in the order of [`find_all`].
pub async fn on_point(
    snapshot: &mut Snapshot,
    point: &Name,
) -> Result<BTreeMap<Digest, Vec<AssignedUpdate>>, StoreError> {
    const SQL: &str = "SELECT u.to_content, u.from_content, u.object, u.object_bytes, o.name, o.size_bytes \
                       FROM content_update AS u \
                       JOIN content_update_object AS uo ON uo.to_content = u.to_content AND uo.from_content = u.from_content \
                       JOIN content_object AS o ON o.name = uo.object \
                       WHERE u.to_content IN (SELECT a.content FROM point_assignment AS a WHERE a.point = $1) \
                       ORDER BY u.to_content, u.fetch_bytes, u.from_content, o.name";
    let rows = sqlx::query(SQL)
        .bind(point.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the updates that a distribution point should hold")?;
    let mut updates: BTreeMap<Digest, Vec<AssignedUpdate>> = BTreeMap::new();
    for row in &rows {
        let record = Record::new("content_update", "name", row);
        let of_content = updates.entry(record.digest("to_content")?).or_default();
        let object = record.digest("object")?;
        if of_content.last().is_none_or(|last| last.object != object) {
            let (from, bytes) = (record.digest("from_content")?, record.size("object_bytes")?);
            of_content.push(AssignedUpdate { from, object, bytes, packs: Vec::new(), manifest_difference: None });
        }
        let update = of_content.last_mut().expect("one was just put there");
        let (name, bytes) = (record.text("name")?, record.size("size_bytes")?);
        let (kind, digest) = name.split_once('/').unwrap_or_default();
        let digest = digest.parse().map_err(|error| record.corrupt("name", error))?;
        match kind {
            "packs" => update.packs.push(AssignedObject { digest, bytes }),
            "manifest-differences" => update.manifest_difference = Some(AssignedObject { digest, bytes }),
            _ => {}
        }
    }
    Ok(updates)
}

fn read(row: &AnyRow) -> Result<StoredUpdate, StoreError> {
    let record = Record::new("content_update", "object_bytes", row);
    Ok(StoredUpdate {
        to: record.digest("to_content")?,
        from: record.digest("from_content")?,
        level: level(&record, "level")?,
        object: record.digest("object")?,
        object_bytes: record.size("object_bytes")?,
        fetch_bytes: record.size("fetch_bytes")?,
        without_bytes: record.size("without_bytes")?,
    })
}

#[cfg(test)]
mod tests;
