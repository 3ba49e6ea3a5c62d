//! The collection language: which devices does a rule mean?
//!
//! A query is text in the Common Expression Language (CEL), type-checked once against the inventory [`catalogue`] into a
//! small typed [`Condition`]. That condition is what travels in documents, what a device evaluates on its own facts, and
//! what becomes a `WHERE` predicate for SQLite and PostgreSQL. The invariant of this crate: the three answers are the same.
//!
//! # The language
//!
//! - Properties of the device stand bare or after `device.`: `platform == "linux"`, `device.memory_bytes >= 8000000000`.
//! - Lists are asked with a row variable: `disks.exists(d, d.mount == "/" && d.free_bytes > 10000000000)`; also `.all`,
//!   `.exists_one` and `size(disks)`. A condition inside may name the device and the rows around it.
//! - `==`, `!=`, `<`, `<=`, `>`, `>=`, `in [..]`, `&&`, `||`, `!`, parentheses, `true`, `false`.
//! - Texts compare byte by byte and case-sensitively; `startsWith`, `endsWith` and `contains` take a text constant.
//! - Versions compare in the order of [`version_key`], equality included: `os_version >= "12"`, `s.version == "2.3"` (which
//!   2.3.0 equals). `version("2.3")` says the same explicitly.
//! - Addresses: `addresses.exists(a, inCidr(a.ip, "10.1.0.0/16"))`; `a.ip == "fe80::1"` compares addresses, not spellings.
//! - Two-valued: a comparison or text test on a missing fact is false, whatever the operator; `!` turns it to true;
//!   `has(os_name)` asks for presence.
//!
//! To add a property: a field in `dray_model::facts`, a line in `catalogue/tables.rs`, a column in `rows.rs` and a migration.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod address;
pub mod catalogue;
mod check;
pub mod condition;
pub mod error;
mod evaluate;
mod limits;
mod lower;
mod parse;
mod query;
mod rows;
mod scan;
mod sql;
mod version;

pub use catalogue::{Class, ClassInfo, Kind, Property, PropertyInfo, catalogue};
pub use condition::Condition;
pub use error::{Problem, QueryError};
pub use limits::Limits;
pub use query::Query;
pub use rows::{AddressRow, DeviceRow, DiskRow, FactRows, SoftwareRow, TEXT_BYTES_MAX, VERSION_BYTES_MAX};
pub use sql::{Dialect, SqlPredicate, SqlValue};
pub use version::{Version, version_key};
