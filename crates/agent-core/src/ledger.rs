//! Which assignments of an advertisement are done with, and what came of the last one. Kept longer than the advertisement is in the
//! policy, so that leaving a collection and coming back runs nothing anew.
//!
//! **What one assignment is.** An assignment is named by its advertisement's name and its own kind and time: *as soon as possible*
//! counts once for an advertisement, *at 18:00* once for that instant. An edit that keeps it does not arm it again; "run again" is
//! one more *at*. A revision that goes down, or the same one published at another time, is another advertisement under the same
//! name: its assignments are new ones (and the rerun rule still looks at the program's history).

use std::collections::BTreeSet;

use dray_model::advertisement::{Advertisement, AdvertisementTerms, Assignment};
use dray_model::package::ReleaseNumber;
use dray_model::program::Expression;
use dray_model::state::{ClientState, Reason};
use dray_model::{Name, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits::LIMITS;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    revision: u32,
    published_at: Timestamp,
    settled: BTreeSet<Assignment>,
    pub(crate) finished: Option<Finished>,
    /// Goes up with every withdrawal on this device; the lowest is forgotten first.
    pub(crate) withdrawn: u64,
}

/// What came of an advertisement last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub(crate) state: ClientState,
    pub(crate) reason: Reason,
    pub(crate) release: ReleaseNumber,
    pub(crate) at: Timestamp,
    /// Present while the computer must restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) restart: Option<AwaitedRestart>,
}

/// A restart that a program asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitedRestart {
    /// The boot that must end.
    pub(crate) boot_id: String,
    pub(crate) run: RunId,
    pub(crate) package: Name,
    pub(crate) program: Name,
    /// Asked after the restart.
    pub(crate) detect: Option<Expression>,
}

impl Ledger {
    pub(crate) fn new(advertisement: &Advertisement) -> Self {
        Self {
            revision: advertisement.revision,
            published_at: advertisement.published_at,
            settled: BTreeSet::new(),
            finished: None,
            withdrawn: 0,
        }
    }

    /// Notes the revision that is in force; starts over for another advertisement of the same name.
    pub(crate) fn meet(&mut self, advertisement: &Advertisement) {
        let same = advertisement.revision == self.revision && advertisement.published_at == self.published_at;
        if !same && advertisement.revision <= self.revision {
            *self = Self::new(advertisement);
        }
        self.revision = advertisement.revision;
        self.published_at = advertisement.published_at;
    }

    /// Ends assignments with a result; with none of them it was the person's own request.
    pub(crate) fn settle(&mut self, assignments: BTreeSet<Assignment>, terms: &AdvertisementTerms, finished: Finished) {
        self.settled.extend(assignments);
        while self.settled.len() > LIMITS.settled_assignments {
            let Some(oldest) = self.settled.iter().find(|one| !terms.assignments.contains(one)).copied() else { break };
            self.settled.remove(&oldest);
        }
        self.finished = Some(finished);
    }

    /// Assignments whose time has come and that are not done with.
    pub(crate) fn due(&self, terms: &AdvertisementTerms, now: Timestamp) -> BTreeSet<Assignment> {
        let has_come = |assignment: &Assignment| match assignment {
            Assignment::AsSoonAsPossible => true,
            Assignment::At { time } => *time <= now,
        };
        self.open(terms).filter(has_come).collect()
    }

    /// When the next assignment comes.
    pub(crate) fn next(&self, terms: &AdvertisementTerms, now: Timestamp) -> Option<Timestamp> {
        let time = |assignment| match assignment {
            Assignment::AsSoonAsPossible => None,
            Assignment::At { time } => (time > now).then_some(time),
        };
        self.open(terms).filter_map(time).min()
    }

    fn open<'a>(&'a self, terms: &'a AdvertisementTerms) -> impl Iterator<Item = Assignment> + 'a {
        terms.assignments.iter().copied().filter(|assignment| !self.settled.contains(assignment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Assignment::{AsSoonAsPossible, At};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn advertisement(revision: u32, published: i64, assignments: &[Assignment]) -> Advertisement {
        let name = "a".parse::<Name>().unwrap();
        let terms = AdvertisementTerms {
            title: Default::default(),
            comment: Default::default(),
            package: name.clone(),
            program: name.clone(),
            collection: name.clone(),
            start: None,
            expires: None,
            assignments: assignments.to_vec(),
            rerun: Default::default(),
        };
        Advertisement { format: 1, name, revision, published_at: at(published), requires: vec![], terms }
    }

    fn finished() -> Finished {
        let release = ReleaseNumber { source_version: 1, revision: 1 };
        let (state, reason) = (ClientState::Succeeded, Reason::ExitCode { exit_code: 0 });
        Finished { state, reason, release, at: at(0), restart: None }
    }

    fn settled(advertisement: &Advertisement, now: Timestamp) -> Ledger {
        let mut ledger = Ledger::new(advertisement);
        ledger.settle(ledger.due(&advertisement.terms, now), &advertisement.terms, finished());
        ledger
    }

    #[test]
    fn missed_assignments_come_due_together() {
        let offer =
            advertisement(1, 0, &[AsSoonAsPossible, At { time: at(10) }, At { time: at(20) }, At { time: at(30) }]);
        let ledger = Ledger::new(&offer);
        assert_eq!(ledger.due(&offer.terms, at(20)).len(), 3);
        assert_eq!(ledger.next(&offer.terms, at(20)), Some(at(30)));
    }

    #[test]
    fn an_edit_that_keeps_an_assignment_does_not_arm_it_again_and_a_new_instant_does() {
        let first = advertisement(1, 0, &[AsSoonAsPossible, At { time: at(10) }]);
        let mut ledger = settled(&first, at(10));
        let edited = advertisement(2, 5, &[AsSoonAsPossible, At { time: at(10) }, At { time: at(15) }]);
        ledger.meet(&edited);
        assert_eq!(ledger.due(&edited.terms, at(12)), BTreeSet::new());
        assert_eq!(ledger.due(&edited.terms, at(15)), BTreeSet::from([At { time: at(15) }]));
    }

    #[test]
    fn another_advertisement_of_the_same_name_has_assignments_of_its_own() {
        let first = advertisement(3, 0, &[AsSoonAsPossible]);
        for (revision, published, anew) in [(3, 0, false), (4, 9, false), (3, 9, true), (1, 9, true)] {
            let mut ledger = settled(&first, at(0));
            let next = advertisement(revision, published, &[AsSoonAsPossible]);
            ledger.meet(&next);
            assert_eq!(ledger.due(&next.terms, at(10)).is_empty(), !anew, "revision {revision}, {published}");
        }
    }

    #[test]
    fn a_ledger_does_not_grow_without_end_and_keeps_what_the_terms_hold() {
        let kept = At { time: at(0) };
        let mut ledger = Ledger::new(&advertisement(1, 0, &[kept]));
        for n in 0..600 {
            let terms = advertisement(1, 0, &[kept, At { time: at(n) }]).terms;
            ledger.settle(ledger.due(&terms, at(600)), &terms, finished());
        }
        assert_eq!(ledger.settled.len(), LIMITS.settled_assignments);
        assert!(ledger.settled.contains(&kept));
    }
}
