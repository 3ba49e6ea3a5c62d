//! Which occurrences of an advertisement are done with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{OccurrenceId, Schedule};

/// Occurrences that are done with. Does not grow without end: beyond [`Settled::MAX`] the earliest go that the advertisement doesn't
/// hold any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settled(BTreeSet<OccurrenceId>);

impl Settled {
    /// Most occurrences that are remembered of one advertisement.
    pub const MAX: usize = 256;

    /// Whether this one is done with.
    #[must_use]
    pub fn contains(&self, occurrence: OccurrenceId) -> bool {
        self.0.contains(&occurrence)
    }

    /// Ends occurrences of an advertisement that now asks for `schedule`.
    pub fn settle(&mut self, occurrences: impl IntoIterator<Item = OccurrenceId>, schedule: Schedule<'_>) {
        self.0.extend(occurrences);
        while self.0.len() > Self::MAX {
            let Some(oldest) = self.0.iter().find(|one| !schedule.holds(**one)).copied() else { break };
            self.0.remove(&oldest);
        }
    }
}
