//! The agent with real processes and files.

#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod runner;
mod runs;
