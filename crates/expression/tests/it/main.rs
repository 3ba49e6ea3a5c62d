//! What the collection language promises, seen from outside: its rules, its refusals, its documents, and that a device and
//! both databases give one answer.
//!
//! The database tests run on SQLite in memory, and on PostgreSQL too where `DRAY_TEST_POSTGRES` holds a server's URL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod database;
mod documents;
mod hostile;
mod language;
mod refusals;
mod sample;
mod sql;
