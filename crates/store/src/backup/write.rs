//! Rows into an empty database.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::read::quoted;
use super::{Column, Kind, TABLES};
use crate::db::{Engine, Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::sql;

/// Whether no table that is carried has a row.
pub async fn is_empty(snapshot: &mut Snapshot) -> Result<bool, StoreError> {
    for table in TABLES {
        let text = format!("SELECT CAST(1 AS BIGINT) AS found FROM {table} LIMIT 1");
        let found = sqlx::query(AssertSqlSafe(text))
            .fetch_optional(snapshot.connection())
            .await
            .attempt("look whether the database is empty")?;
        if found.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes rows of a table, each a value for each of `columns`, which the table must have.
pub async fn insert(
    tx: &mut WriteTx,
    table: &'static str,
    columns: &[Column],
    rows: &[Vec<Value>],
) -> Result<(), StoreError> {
    let text = statement(tx.engine(), table, columns);
    sqlx::query(AssertSqlSafe(text))
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("write the rows of a table")?;
    Ok(())
}

/// Rows are arrays, so a column is found by its place.
fn statement(engine: Engine, table: &'static str, columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    let values = columns.iter().enumerate().map(|(place, column)| match column.kind {
        Kind::Integer => format!("CAST(e.value ->> {place} AS BIGINT)"),
        Kind::Text => format!("e.value ->> {place}"),
        Kind::Bytes => format!("unhex(e.value ->> {place})"),
    });
    let (overriding, each) = match engine {
        Engine::Sqlite => ("", "json_each($1) AS e"),
        // Ids that the table gives out by itself are taken over.
        Engine::Postgres => (" OVERRIDING SYSTEM VALUE", "json_array_elements(CAST($1 AS json)) AS e(value)"),
    };
    let values: Vec<_> = values.collect();
    format!("INSERT INTO {table} ({}){overriding} SELECT {} FROM {each}", names.join(", "), values.join(", "))
}

/// Has a table go on giving out ids above `last`.
pub async fn settle_ids(tx: &mut WriteTx, table: &'static str, last: i64) -> Result<(), StoreError> {
    const SQLITE: [&str; 2] = [
        "DELETE FROM sqlite_sequence WHERE name = $1 AND seq <= $2",
        "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 WHERE NOT EXISTS \
         (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
    ];
    const POSTGRES: [&str; 1] = ["SELECT setval(CAST(pg_get_serial_sequence($1, 'id') AS regclass), $2)"];
    let statements: &[&'static str] = match tx.engine() {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    };
    for statement in statements {
        sqlx::query(*statement)
            .bind(table)
            .bind(last)
            .execute(tx.connection())
            .await
            .attempt("go on with the ids of a table")?;
    }
    Ok(())
}
