//! The client agent: the shell around the decisions of `dray-agent-core`, and the program `dray-agent`.
//!
//! Rooms: `runner` (the process that watches one program), `runs` (the agent's side of it), `facts`, `identity` (who this
//! device is), `state` (the database), `cache` (contents), `sync` (everything said to the site), `engine` (the loop that
//! feeds events to the state machine and carries out its effects), `control` (local commands to a running agent),
//! `command` (the command line) and `platform` (everything that differs between systems).
//!
//! The one order to keep: an event is handled, the new state and its messages are on disk, and only then effects happen.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod cache;
pub mod clock;
pub mod command;
pub mod control;
pub mod engine;
pub mod facts;
pub mod folder;
pub mod identity;
mod platform;
pub mod runner;
pub mod runs;
pub mod state;
mod sync;
