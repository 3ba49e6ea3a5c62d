//! The occurrences of one assignment in time: the last that has come, and the next.
//!
//! Occurrences that were missed while a computer was off are caught up once, so of those that have come only the last counts.

use dray_model::Timestamp;
use dray_model::advertisement::Assignment;

use crate::occurrence::{Nominal, Occurrence, OccurrenceId};

/// An assignment of an advertisement, none of whose occurrences comes before the advertisement's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) assignment: &'a Assignment,
    pub(crate) start: Option<Timestamp>,
}

impl Line<'_> {
    /// The last occurrence that has come by `now`.
    pub(crate) fn latest(self, now: Timestamp) -> Option<Occurrence> {
        Some(self.only()).filter(|only| only.start <= now)
    }

    /// The first occurrence that comes after `after`.
    pub(crate) fn next(self, after: Timestamp) -> Option<Occurrence> {
        Some(self.only()).filter(|only| only.start > after)
    }

    /// The one occurrence that each kind has so far.
    fn only(self) -> Occurrence {
        let (nominal, start) = match self.assignment {
            Assignment::AsSoonAsPossible => (Nominal::AsSoonAsPossible, Timestamp::MIN),
            Assignment::At { time } => (Nominal::At { time: *time }, *time),
        };
        Occurrence { id: OccurrenceId(nominal), start: self.start.map_or(start, |begin| begin.max(start)) }
    }
}
