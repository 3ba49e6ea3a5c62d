//! The agent with real processes and files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod agent;
mod golden;
mod progress;
mod runner;
mod runs;
mod site;
mod updates;
