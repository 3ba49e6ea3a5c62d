//! The change feed: whom each change concerns, in the order in which changes were committed.
//!
//! A change writes its scopes as its last statements, under the next number of one counter. The counter's row stays locked until
//! the commit, so sequences come in the order of commits and without gaps: a reader that finds a gap has missed rows that were pruned.
//! The sequence also numbers policies, so a restored database must go on above the highest one that a client has seen.

mod listen;
mod scope;
#[cfg(test)]
mod tests;

use dray_model::{DeviceId, Timestamp};
use serde::Serialize;

pub use listen::Listener;
pub use scope::Scope;

use crate::db::{Engine, Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{meta, page, sql};

/// Rows that [`since`] reads at once.
pub const READ_MAX: i64 = 10_000;

/// How far the feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequences {
    /// The sequence of the newest change; 0 before the first.
    pub newest: i64,
    /// The sequence of the newest change to what is offered to any collection.
    pub offers: i64,
}

/// One scope of one change. Ordered as the feed is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The change.
    pub sequence: i64,
    /// Whom it concerns, as stored; [`Scope::parse`] reads it.
    pub scope: String,
}

#[derive(Serialize)]
struct NewRow {
    scope: String,
}

/// Notes whom the change of this transaction concerns, and returns its sequence. Must come last before the commit, because
/// all later changes wait for it from here on. O(scopes).
pub async fn publish(tx: &mut WriteTx, scopes: &[Scope], now: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO change_feed (sequence, scope, at) \
                       SELECT CAST($1 AS BIGINT), e.value ->> 'scope', CAST($2 AS BIGINT) FROM EACH($3) AS e WHERE 1 = 1 \
                       ON CONFLICT (sequence, scope) DO NOTHING";
    let sequence = meta::next_number(tx, meta::CHANGE_SEQUENCE).await?;
    if scopes.iter().any(Scope::moves_offers) {
        meta::set(tx, meta::OFFERS_SEQUENCE, &sequence.to_string()).await?;
    }
    let rows: Vec<_> = scopes.iter().map(|scope| NewRow { scope: scope.to_string() }).collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sequence)
        .bind(now.micros())
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("record whom a change affects")?;
    if tx.engine() == Engine::Postgres {
        listen::notify(tx, sequence).await?;
    }
    Ok(sequence)
}

/// How far the feed is, as `snapshot` sees it.
pub async fn sequences(snapshot: &mut Snapshot) -> Result<Sequences, StoreError> {
    let rows = sqlx::query("SELECT key, value FROM site_meta WHERE key IN ($1, $2)")
        .bind(meta::CHANGE_SEQUENCE)
        .bind(meta::OFFERS_SEQUENCE)
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the position of the change feed")?;
    let mut found = Sequences::default();
    for row in &rows {
        let record = Record::new("site_meta", "key", row);
        let sequence = record.parsed("value")?;
        if record.text("key")? == meta::CHANGE_SEQUENCE { found.newest = sequence } else { found.offers = sequence }
    }
    Ok(found)
}

/// The rows after `after` in order, at most [`READ_MAX`].
pub async fn since(snapshot: &mut Snapshot, after: &Row) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = "SELECT sequence, scope FROM change_feed WHERE sequence > $1 OR (sequence = $1 AND scope > $2) \
                       ORDER BY sequence, scope LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(after.sequence)
        .bind(after.scope.as_str())
        .bind(READ_MAX)
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the change feed")?;
    page::read_all(&rows, |row| {
        let record = Record::new("change_feed", "sequence", row);
        Ok(Row { sequence: record.number("sequence")?, scope: record.text("scope")? })
    })
}

/// Removes the rows of changes before `before`, and returns how many.
pub async fn prune(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM change_feed WHERE at < $1")
        .bind(before.micros())
        .execute(tx.connection())
        .await
        .attempt("prune the change feed")?;
    Ok(done.rows_affected())
}

/// Scopes for a change of these devices' places in a collection that something is offered to: each device by name as long as they are
/// few, else the collection's members as a whole.
#[must_use]
pub fn moved(collection: i64, devices: Option<&[DeviceId]>) -> Vec<Scope> {
    match devices {
        Some(devices) => devices.iter().copied().map(Scope::Device).collect(),
        None => vec![Scope::Members(collection)],
    }
}
