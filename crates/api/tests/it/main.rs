//! The API over real connections, on SQLite.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests may stop at the first surprise")]

mod client;
mod document;
mod server;
mod token;
