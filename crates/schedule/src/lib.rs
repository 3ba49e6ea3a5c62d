//! Time: when an advertised program may run and when it must, what comes next, and which occurrences are done with.
//!
//! The agent, the site's `why`, previews and commands all ask [`Schedule`]; none of them compares an advertisement's times itself. So
//! for the same terms, the same settled occurrences and the same instant, all of them get the same answer and the same next instant.
//!
//! Nothing in here reads a clock or a zone database: the instant and the [`Zone`] are arguments.
//! To add a kind of assignment: its variant in `dray_model::advertisement::Assignment`, and what the compiler then asks for in
//! `line.rs` (its last occurrence, its next one) and `occurrence.rs` (its identity). Callers stay as they are.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod line;
mod occurrence;
mod schedule;
mod settled;
mod timing;
mod zone;

pub use occurrence::{Occurrence, OccurrenceId};
pub use schedule::{Phase, Schedule};
pub use settled::Settled;
pub use timing::Timing;
pub use zone::Zone;
