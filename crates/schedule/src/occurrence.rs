//! One occurrence of an assignment, and what makes it that one.

use dray_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Names an occurrence within its advertisement. It is made of what was written, not of what that means in the zone of today, so
/// that neither new zone rules nor a computer that travels repeats or loses one.
///
/// *As soon as possible* occurs once in an advertisement, *at 18:00* once for that instant. A revision that keeps an assignment keeps
/// its occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OccurrenceId(pub(crate) Nominal);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum Nominal {
    AsSoonAsPossible,
    At { time: Timestamp },
}

/// An occurrence of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Which one.
    pub id: OccurrenceId,
    /// From when on the program must run: never before the advertisement's start. [`Timestamp::MIN`] for *as soon as possible* in an
    /// advertisement without a start.
    pub start: Timestamp,
}
