//! An advertisement's times, asked as of an instant.

use std::collections::BTreeSet;

use dray_model::Timestamp;
use dray_model::advertisement::AdvertisementTerms;

use crate::line::Line;
use crate::{Occurrence, OccurrenceId, Settled, Timing, Zone};

/// When an advertisement's program may run and when it must.
#[derive(Debug, Clone, Copy)]
pub struct Schedule<'a> {
    terms: &'a AdvertisementTerms,
}

/// Whether anything may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not before this instant.
    Before(Timestamp),
    /// It may.
    Open,
    /// Not any more, since this instant.
    Over(Timestamp),
}

impl<'a> Schedule<'a> {
    /// The times of these terms, as they are meant in a zone: where the computer is, or, for the site, where the device is. What the
    /// terms can say so far are instants, which are the same in all of them.
    #[must_use]
    pub const fn new(terms: &'a AdvertisementTerms, _zone: &Zone) -> Self {
        Self { terms }
    }

    /// Whether anything may start at `now`. Expiry comes before a start that has not come.
    #[must_use]
    pub fn phase(self, now: Timestamp) -> Phase {
        match (self.terms.start, self.terms.expires) {
            (_, Some(expires)) if now >= expires => Phase::Over(expires),
            (Some(start), _) if now < start => Phase::Before(start),
            _ => Phase::Open,
        }
    }

    /// The first occurrence that comes after an instant and before the expiry, whatever is done with.
    #[must_use]
    pub fn next_after(self, after: Timestamp) -> Option<Occurrence> {
        self.upcoming(after).min_by_key(|next| next.start)
    }

    /// When the next occurrence comes that is not done with.
    #[must_use]
    pub fn next_due(self, settled: &Settled, now: Timestamp) -> Option<Timestamp> {
        self.upcoming(now).filter(|next| !settled.contains(next.id)).map(|next| next.start).min()
    }

    /// The occurrences that have come and are not done with; none while nothing may start.
    #[must_use]
    pub fn due(self, settled: &Settled, now: Timestamp) -> BTreeSet<OccurrenceId> {
        self.pending(settled, now).map(|one| one.id).collect()
    }

    /// How it stands with time at `now`, as one answer.
    #[must_use]
    pub fn timing(self, settled: &Settled, now: Timestamp) -> Timing {
        match self.phase(now) {
            Phase::Before(start) => Timing::NotStarted { start },
            Phase::Over(expired) => Timing::Expired { expired },
            Phase::Open if !self.terms.is_mandatory() => Timing::Optional,
            Phase::Open => match self.pending(settled, now).map(|one| one.start).max() {
                Some(since) => Timing::Due { since },
                None => Timing::NotDue { next: self.next_due(settled, now) },
            },
        }
    }

    /// Whether the terms still ask for an occurrence.
    pub(crate) fn holds(self, occurrence: OccurrenceId) -> bool {
        self.lines().any(|line| line.latest(Timestamp::MAX).is_some_and(|one| one.id == occurrence))
    }

    fn pending(self, settled: &Settled, now: Timestamp) -> impl Iterator<Item = Occurrence> {
        let lines = self.lines().filter(move |_| self.phase(now) == Phase::Open);
        lines.filter_map(move |line| line.latest(now)).filter(|one| !settled.contains(one.id))
    }

    fn upcoming(self, after: Timestamp) -> impl Iterator<Item = Occurrence> {
        let is_in_time = move |next: &Occurrence| self.terms.expires.is_none_or(|expires| next.start < expires);
        self.lines().filter_map(move |line| line.next(after)).filter(is_in_time)
    }

    fn lines(self) -> impl Iterator<Item = Line<'a>> {
        let start = self.terms.start;
        self.terms.assignments.iter().map(move |assignment| Line { assignment, start })
    }
}

#[cfg(test)]
mod tests;
