//! Reading rows into domain types: a value that breaks a rule of its type is a [`StoreError::Corrupt`] that names the place.

use std::fmt::Display;
use std::str::FromStr;

use dray_model::{Digest, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::any::{Any, AnyRow};
use sqlx::{Decode, Row as _, Type};

use crate::StoreError;

/// A row of a table, read column by column.
pub struct Record<'r> {
    table: &'static str,
    key: &'static str,
    row: &'r AnyRow,
}

impl<'r> Record<'r> {
    /// Reads `row` of `table`; column `key` identifies it in errors.
    #[must_use]
    pub fn new(table: &'static str, key: &'static str, row: &'r AnyRow) -> Self {
        Self { table, key, row }
    }

    /// Text.
    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.get(column)
    }

    /// A number.
    pub fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        self.get(column)
    }

    /// A number of 32 bits that can't be negative, like a count.
    pub fn count(&self, column: &'static str) -> Result<u32, StoreError> {
        u32::try_from(self.number(column)?).map_err(|error| self.corrupt(column, error))
    }

    /// A size or another number that can't be negative.
    pub fn size(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.number(column)?).map_err(|error| self.corrupt(column, error))
    }

    /// A flag kept as 0 or 1.
    pub fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.number(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.corrupt(column, format!("{other} is neither 0 nor 1"))),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    /// An instant.
    pub fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.number(column).map(Timestamp::from_micros)
    }

    /// A digest.
    pub fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        Digest::try_from(self.bytes(column)?.as_slice()).map_err(|error| self.corrupt(column, error))
    }

    /// A text that is parsed.
    pub fn parsed<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|error| self.corrupt(column, error))
    }

    /// A word that a newer server may have written: read as in JSON, so that those that aren't known here are kept.
    pub fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let word = self.text(column)?;
        T::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(&word))
            .map_err(|error| self.corrupt(column, error))
    }

    /// A number that is converted, like an id.
    pub fn converted<T: TryFrom<i64, Error: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.number(column)?).map_err(|error| self.corrupt(column, error))
    }

    /// JSON kept as text.
    pub fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| self.corrupt(column, error))
    }

    /// `read`s a column that may be NULL.
    pub fn optional<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&Self, &'static str) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        use sqlx::ValueRef as _;
        let value = self.row.try_get_raw(column).map_err(|error| self.corrupt(column, error))?;
        if value.is_null() { Ok(None) } else { read(self, column).map(Some) }
    }

    /// An error about `column` of this row.
    pub fn corrupt(&self, column: &'static str, reason: impl Display) -> StoreError {
        let text = self.row.try_get::<String, _>(self.key).ok();
        let id = text.or_else(|| self.row.try_get::<i64, _>(self.key).ok().map(|number| number.to_string()));
        StoreError::Corrupt { table: self.table, column, id: id.unwrap_or_default(), reason: reason.to_string() }
    }

    fn get<T: Decode<'r, Any> + Type<Any>>(&self, column: &'static str) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|error| self.corrupt(column, error))
    }
}
