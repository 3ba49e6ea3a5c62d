//! Rows out of a snapshot.

use futures_util::TryStreamExt as _;
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Column, Kind};
use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::sql;

/// The newest step of the schema.
pub async fn schema(snapshot: &mut Snapshot) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT MAX(number) AS number FROM schema_migration")
        .fetch_one(snapshot.connection())
        .await
        .attempt("read the schema's history")?;
    Record::new("schema_migration", "number", &row).number("number")
}

/// The names of the objects that the content store should have.
pub async fn content_objects(snapshot: &mut Snapshot) -> Result<Vec<String>, StoreError> {
    let rows =
        sqlx::query("SELECT name FROM content_object WHERE uploading_since IS NULL AND removing = 0 ORDER BY name")
            .fetch_all(snapshot.connection())
            .await
            .attempt("list the objects of the content store")?;
    crate::page::read_all(&rows, |row| Record::new("content_object", "name", row).text("name"))
}

/// Hands all rows of a table to `take`, one by one; memory doesn't grow with them.
///
/// # Errors
/// The database's, and those of `take`.
pub async fn rows<E: From<StoreError>>(
    snapshot: &mut Snapshot,
    table: &'static str,
    columns: &[Column],
    mut take: impl FnMut(Vec<Value>) -> Result<(), E>,
) -> Result<u64, E> {
    let names: Vec<_> = columns.iter().map(|column| quoted(&column.name)).collect();
    let text = format!("SELECT {} FROM {table}", names.join(", "));
    let mut rows = sqlx::query(AssertSqlSafe(text)).fetch(snapshot.connection());
    let mut count = 0;
    while let Some(row) = rows.try_next().await.attempt("read the rows of a table")? {
        let values: Result<Vec<_>, StoreError> = columns.iter().map(|column| value(table, column, &row)).collect();
        take(values?)?;
        count += 1;
    }
    Ok(count)
}

fn value(table: &'static str, column: &Column, row: &AnyRow) -> Result<Value, StoreError> {
    let name = column.name.as_str();
    let read = match column.kind {
        Kind::Integer => row.try_get::<Option<i64>, _>(name).map(Value::from),
        Kind::Text => row.try_get::<Option<String>, _>(name).map(Value::from),
        Kind::Bytes => {
            row.try_get::<Option<Vec<u8>>, _>(name).map(|bytes| Value::from(bytes.map(|bytes| sql::hex(&bytes))))
        }
    };
    read.map_err(|error| StoreError::Corrupt {
        table,
        column: "one of its columns",
        id: name.to_owned(),
        reason: error.to_string(),
    })
}

/// The highest id that a table has given out by itself; `None` where it gives out none, or gave none yet.
pub async fn last_id(snapshot: &mut Snapshot, table: &'static str) -> Result<Option<i64>, StoreError> {
    const SQLITE: &str = "SELECT seq AS id FROM sqlite_sequence WHERE name = $1";
    const POSTGRES: &str = "SELECT pg_sequence_last_value(CAST(pg_get_serial_sequence($1, 'id') AS regclass)) AS id \
                            FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
                            AND column_name = 'id' AND is_identity = 'YES'";
    let row = sqlx::query(snapshot.engine().pick(SQLITE, POSTGRES))
        .bind(table)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("look which ids were given out")?;
    let Some(row) = row else { return Ok(None) };
    Ok(Record::new(table, "id", &row).optional("id", Record::number)?.filter(|id| *id > 0))
}

/// A column's name in a statement. It comes from the schema; one that could end the quotation is not in any schema of ours.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}
