//! Typed queries: which devices does a rule mean?
//!
//! A [`Query`] is a text in the collection language (crate `dray-expression`) and what it means, a small typed [`Condition`] on
//! the inventory catalogue of `dray_model`. That condition is what travels in documents, what a device evaluates on its own
//! facts, and what becomes a `WHERE` predicate for SQLite and PostgreSQL. The invariant of this crate: the three answers are the
//! same.
//!
//! - Texts compare byte by byte and case-sensitively, versions in the order of [`version_key`], equality included, and addresses
//!   as addresses, not as spellings.
//! - Two-valued: a comparison or text test on a missing fact is false, whatever the operator; a negation turns it to true.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod address;
mod check;
pub mod condition;
mod evaluate;
mod key;
mod limits;
mod problem;
mod query;
mod sql;
mod version;

pub use condition::Condition;
pub use key::key;
pub use limits::Limits;
pub use problem::Problem;
pub use query::Query;
pub use sql::{Dialect, SqlPredicate, SqlValue};
pub use version::{Version, version_key};
