//! Rows of facts between tables and memory. In bulk parameters a row is an array: numbers that say whose it is, then the columns.

use dray_model::facts::{Facts, Row, Table, Value};
use dray_model::inventory::Class;
use dray_query::key;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::row::Record;

/// A row for a bulk parameter.
pub(super) struct Line<'a, H> {
    /// What stands before the columns of facts.
    pub(super) head: H,
    pub(super) row: Row<'a>,
}

impl<H: Serialize + Copy> Serialize for Line<'_, H> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut columns = serializer.serialize_seq(None)?;
        columns.serialize_element(&self.head)?;
        for property in self.row.class().facts() {
            let value = self.row.get(property);
            columns.serialize_element(&value)?;
            if property.kind().has_key() {
                let key = value.and_then(Value::as_text).and_then(|text| key(property.kind(), text));
                columns.serialize_element(&key)?;
            }
        }
        columns.end()
    }
}

/// Reads rows of a class, which have the columns of its facts.
pub(super) fn read(class: Class, rows: &[AnyRow]) -> Result<Table, StoreError> {
    let mut table = Table::new(class);
    for row in rows {
        let record = Record::new(class.info().table, "device_id", row);
        let mut values = Vec::new();
        for property in class.facts() {
            let name = property.info().name;
            let value = if property.kind().is_text() {
                record.optional(name, Record::text)?.map(Value::from)
            } else {
                record.optional(name, Record::size)?.map(Value::from)
            };
            values.push((property, value));
        }
        table.push(values);
    }
    Ok(table)
}

/// The lines of one class of one device; `place` is where the row stands in the device's list.
pub(super) fn lines(device: i64, facts: &Facts, class: Class) -> impl Iterator<Item = Line<'_, (i64, usize)>> {
    facts.table(class).rows().enumerate().map(move |(place, row)| Line { head: (device, place), row })
}
