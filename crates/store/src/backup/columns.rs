//! Which columns a table has, as its database says.

use super::{Column, Kind};
use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// The columns of a table, by name.
pub async fn columns(snapshot: &mut Snapshot, table: &'static str) -> Result<Vec<Column>, StoreError> {
    const SQLITE: &str = "SELECT name, lower(type) AS kind FROM pragma_table_info($1) ORDER BY name";
    // The C collation orders as bytes, like SQLite.
    const POSTGRES: &str = "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind \
                            FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
                            ORDER BY CAST(column_name AS TEXT) COLLATE \"C\"";
    let rows = sqlx::query(snapshot.engine().pick(SQLITE, POSTGRES))
        .bind(table)
        .fetch_all(snapshot.connection())
        .await
        .attempt("look which columns a table has")?;
    page::read_all(&rows, |row| {
        let record = Record::new(table, "name", row);
        let kind = match record.text("kind")?.as_str() {
            "integer" | "bigint" => Kind::Integer,
            "text" => Kind::Text,
            "blob" | "bytea" => Kind::Bytes,
            other => return Err(record.corrupt("kind", format!("{other} is not carried by backups"))),
        };
        Ok(Column { name: record.text("name")?, kind })
    })
}
