//! Handshakes in memory between the configurations of `dray_trust::tls` with certificates of `dray_trust::certificate`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod enrolment;
mod mutual;
mod serving;
mod world;
