//! What can go wrong with the database, sorted by what the caller can do about it.
//!
//! Absence is not an error (`Ok(None)`). A broken unique rule is a [`StoreError::Conflict`] that names table and columns the same way
//! on both engines, so that a use case can turn it into a sentence.

use std::path::PathBuf;

use sqlx::error::{DatabaseError, ErrorKind};

/// A failed operation on the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique rule was broken: another row has this value.
    #[error("cannot {doing}: {table} already has a row with this {columns}")]
    Conflict {
        /// What was attempted.
        doing: &'static str,
        /// The table.
        table: String,
        /// The columns joined by `_`, or `primary key`.
        columns: String,
    },
    /// A row that this one needs is missing, or one that others need was to go.
    #[error("cannot {doing}: it refers to an object that does not exist, or is still in use")]
    Reference {
        /// What was attempted.
        doing: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
    /// Another transaction was in the way; the same operation may succeed when tried again.
    #[error("cannot {doing}: the database is busy")]
    Busy {
        /// What was attempted.
        doing: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
    /// Its disk is full. Nothing was changed.
    #[error("cannot {doing}: the database's disk is full")]
    Full {
        /// What was attempted.
        doing: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
    /// The database can't be reached or opened.
    #[error("cannot {doing}: the database is unreachable")]
    Unavailable {
        /// What was attempted.
        doing: &'static str,
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// A row holds what it can't hold. Somebody else wrote it, or the disk lies.
    #[error("cannot read {table}.{column} of row {id}: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key as text, empty where unknown.
        id: String,
        /// Why.
        reason: String,
    },
    /// The database was written by a newer Dray.
    #[error(
        "the database is from a newer version of Dray: it has migration {found}, which needs a program that knows migration {needed}, and this one knows only up to {known}; upgrade Dray"
    )]
    NewerSchema {
        /// The migration that this program can't work with.
        found: i64,
        /// The migration that a program must know for that.
        needed: i64,
        /// Highest migration known here.
        known: i64,
    },
    /// A migration in the database is not the one that this program knows by its number.
    #[error("migration {number} ({name}) in the database differs from the one in this program")]
    ChangedMigration {
        /// Its number.
        number: i64,
        /// Its name here.
        name: &'static str,
    },
    /// The file is there and holds something else.
    #[error("{} is not an SQLite database; put the right file back in its place", .0.display())]
    NotADatabase(PathBuf),
    /// A write was under way and its outcome isn't known.
    #[error("the write was interrupted; it may or may not have taken effect")]
    Interrupted,
    /// The database's address has no form that we know.
    #[error("{0:?} is not a database address; use sqlite:PATH or postgres://…")]
    Address(String),
    /// Anything else: a statement that the database refused.
    #[error("cannot {doing}: the database refused a statement")]
    Other {
        /// What was attempted.
        doing: &'static str,
        /// The database's words.
        #[source]
        source: sqlx::Error,
    },
}

/// What a caller can do about a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Tell the user: the wish collides with what is there.
    Conflict,
    /// Try again later.
    Retryable,
    /// Tell the operator: data is damaged.
    Corrupt,
    /// Nothing to be done by trying again.
    Permanent,
}

impl StoreError {
    /// What a caller can do about it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Conflict { .. } | Self::Reference { .. } => ErrorClass::Conflict,
            Self::Busy { .. } | Self::Full { .. } | Self::Unavailable { .. } | Self::Interrupted => {
                ErrorClass::Retryable
            }
            Self::Corrupt { .. } | Self::NotADatabase(_) => ErrorClass::Corrupt,
            Self::NewerSchema { .. } | Self::ChangedMigration { .. } | Self::Address(_) | Self::Other { .. } => {
                ErrorClass::Permanent
            }
        }
    }

    /// Whether the unique rule over `columns` (joined by `_`, or `primary key`) of `table` was broken.
    #[must_use]
    pub fn is_conflict_on(&self, broken_table: &str, broken_columns: &str) -> bool {
        matches!(self, Self::Conflict { table, columns, .. } if table == broken_table && columns == broken_columns)
    }

    pub(crate) fn from_sqlx(doing: &'static str, source: sqlx::Error) -> Self {
        let Some(error) = source.as_database_error() else {
            return match source {
                sqlx::Error::PoolTimedOut => Self::Busy { doing, source },
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                    Self::Unavailable { doing, source }
                }
                _ => Self::Other { doing, source },
            };
        };
        match error.kind() {
            ErrorKind::UniqueViolation => {
                let (table, columns) = broken_rule(error);
                Self::Conflict { doing, table, columns }
            }
            ErrorKind::ForeignKeyViolation => Self::Reference { doing, source },
            _ if is_busy(error) => Self::Busy { doing, source },
            _ if is_full(error) => Self::Full { doing, source },
            _ => Self::Other { doing, source },
        }
    }
}

/// Says what was attempted when a statement fails.
pub trait Attempt<T> {
    /// Turns the driver's error into ours; `doing` reads after "cannot".
    fn attempt(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Attempt<T> for Result<T, sqlx::Error> {
    fn attempt(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::from_sqlx(doing, source))
    }
}

/// SQLite: FULL (13). PostgreSQL: disk full.
fn is_full(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() { code == "13" } else { code == "53100" }
}

/// SQLite: BUSY (5) and LOCKED (6) with their extensions. PostgreSQL: serialization failure, deadlock, lock not available,
/// too many connections, and starting up or shutting down.
fn is_busy(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6));
    }
    matches!(&*code, "40001" | "40P01" | "55P03" | "53300" | "57P01" | "57P03")
}

/// Table and columns of a broken unique rule. PostgreSQL names its rules `<table>_<columns>_key` and `<table>_pkey`; SQLite says
/// "UNIQUE constraint failed: table.a, table.b" with a code of its own for primary keys (1555).
fn broken_rule(error: &dyn DatabaseError) -> (String, String) {
    if let (Some(table), Some(rule)) = (error.table(), error.constraint()) {
        let columns = rule.strip_prefix(table).map_or(rule, |rest| rest.trim_start_matches('_'));
        let columns = if columns == "pkey" { "primary key" } else { columns.trim_end_matches("_key") };
        return (table.to_owned(), columns.to_owned());
    }
    let list = error.message().rsplit(": ").next().unwrap_or_default();
    let table = list.split('.').next().unwrap_or_default().to_owned();
    if error.code().is_some_and(|code| code == "1555") {
        return (table, "primary key".to_owned());
    }
    let columns: Vec<&str> = list.split(", ").filter_map(|column| column.split('.').nth(1)).collect();
    (table, columns.join("_"))
}
