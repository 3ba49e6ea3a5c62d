//! End-to-end tests with real processes on loopback: the demonstration, what the command line says when something is wrong, and
//! what is left after processes are killed at any moment.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and tells why on standard error"
)]

mod clock;
mod content;
mod crash;
mod demo;
mod errors;
mod fleet;
mod output;
mod rights;
mod site_return;
mod store_care;
mod wait;
