//! The client against real TLS servers on loopback whose answers the tests write.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client_api;
mod content;
mod coverage;
mod enrolment;
mod http;
mod server;
mod site_api;
