//! Every SQL statement and migration of a site, for SQLite and PostgreSQL from one text.
//!
//! Rows become domain types here and nowhere else; what can't be read is a [`StoreError::Corrupt`], never a guess.
//! Functions that read take `&mut Snapshot`; functions that change take `&mut WriteTx`, which is also a snapshot. The caller
//! opens the transaction and commits it, so that a change, its audit record and its jobs stand or fall together.
//!
//! To add a resource:
//! 1. its tables in `migrations/sqlite/NNNN_name.sql` and `migrations/postgres/NNNN_name.sql`, and one line in [`mod@migrate`];
//! 2. its statements in `src/<resource>.rs` (+ a folder when it grows), free functions over [`Snapshot`] and [`WriteTx`];
//! 3. its tests through `testing::each_engine`, so that both engines agree.
//!
//! Rules of the one SQL text: parameters `$1 $2 …` in order of first use; ids and times BIGINT; flags BIGINT 0/1; `COUNT(*)` is
//! fine, a `SUM` needs `CAST(… AS BIGINT)`; bulk input is one JSON parameter, see [`sql`]; `ON CONFLICT … DO`, `RETURNING` and
//! window functions work on both. Bind `String`, `&str`, `i64`, `Vec<u8>`, `f64` and options of them, nothing else.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may stop at the first surprise"))]

pub mod advertisement;
pub mod audit;
pub mod backup;
pub mod collection;
pub mod content;
mod db;
pub mod device;
pub mod document;
pub mod enrolment;
mod error;
pub mod facts;
pub mod feed;
pub mod history;
pub mod idempotency;
pub mod job;
pub mod meta;
pub mod migrate;
pub mod package;
pub mod page;
pub mod point;
pub mod policy;
pub mod quarantine;
pub mod recount;
pub mod release;
pub mod role;
pub mod row;
pub mod scope;
pub mod sql;
pub mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;

pub use db::{Db, Engine, Snapshot, WriteTx};
pub use error::{Attempt, ErrorClass, StoreError};
