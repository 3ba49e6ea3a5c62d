//! The site's own settings and counters: a small table of keys and values.

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// Key of the site's id, set once at its making.
pub const SITE_ID: &str = "site_id";
/// Key of the counter of changes: the sequence of the newest row of the change feed, and the number of policies made from it.
pub const CHANGE_SEQUENCE: &str = "change_sequence";
/// Key of the sequence of the newest change to what is offered to any collection.
pub const OFFERS_SEQUENCE: &str = "offers_sequence";
/// Key of the instant, in microseconds, since which every object of the content store is to be read.
pub const VERIFY_SINCE: &str = "content_verify_since";

/// The value of `key`.
pub async fn get(snapshot: &mut Snapshot, key: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT key, value FROM site_meta WHERE key = $1")
        .bind(key)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("read a setting of the site")?;
    row.map(|row| Record::new("site_meta", "key", &row).text("value")).transpose()
}

/// Sets `key` to `value`.
pub async fn set(tx: &mut WriteTx, key: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO site_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(key)
    .bind(value)
    .execute(tx.connection())
    .await
    .attempt("set a setting of the site")?;
    Ok(())
}

/// The number kept as `key`; 0 when none is.
pub async fn number(snapshot: &mut Snapshot, key: &str) -> Result<i64, StoreError> {
    let Some(text) = get(snapshot, key).await? else { return Ok(0) };
    text.parse().map_err(|error: std::num::ParseIntError| StoreError::Corrupt {
        table: "site_meta",
        column: "value",
        id: key.to_owned(),
        reason: error.to_string(),
    })
}

/// Raises the counter `key` by one and returns its new value.
pub async fn next_number(tx: &mut WriteTx, key: &str) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO site_meta (key, value) VALUES ($1, '1') ON CONFLICT (key) DO UPDATE \
                       SET value = CAST(CAST(site_meta.value AS BIGINT) + 1 AS TEXT) RETURNING key, value";
    let row = sqlx::query(SQL).bind(key).fetch_one(tx.connection()).await.attempt("raise a counter of the site")?;
    Record::new("site_meta", "key", &row).parsed("value")
}
