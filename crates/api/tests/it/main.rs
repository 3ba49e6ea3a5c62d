//! The API over real connections, on SQLite.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests may stop at the first surprise")]

mod client;
mod collection;
mod content;
mod delivery;
mod document;
mod enrolment;
mod limits;
mod package;
mod point;
mod rights;
mod server;
mod token;
