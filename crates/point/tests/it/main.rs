//! A point over real TLS: a site whose answers the tests write on one side, devices on the other.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod enrolment;
mod hold;
mod rebuild;
mod renewal;
mod resume;
mod serve;
// The same servers as the client's tests use.
#[path = "../../../client/tests/it/server.rs"]
mod server;
mod world;
