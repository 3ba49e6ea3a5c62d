//! Which assignments of an advertisement are done with, and what came of the last one. Kept longer than the advertisement is in the
//! policy, so that leaving a collection and coming back does not run anything twice.
//!
//! What one occurrence is, `dray_schedule` says: an edit that keeps an assignment does not arm it again; "run again" is one more *at*.
//! A revision that goes down, or the same one published at another time, is another advertisement under the same name: its
//! assignments are new ones (and the rerun rule still looks at the program's history). Not so after the site has returned: then it is the
//! same advertisement as the site remembers it, and what is settled stays so.

use dray_model::advertisement::Advertisement;
use dray_model::package::ReleaseNumber;
use dray_model::program::Expression;
use dray_model::state::{ClientState, Reason};
use dray_model::{EraId, Name, RunId, Timestamp};
use dray_schedule::{OccurrenceId, Schedule, Settled};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ledger {
    revision: u32,
    published_at: Timestamp,
    /// The site's last return when this was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<EraId>,
    pub(crate) settled: Settled,
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
    pub(crate) fn new(advertisement: &Advertisement, returned: Option<EraId>) -> Self {
        Self {
            revision: advertisement.revision,
            published_at: advertisement.published_at,
            returned,
            settled: Settled::default(),
            finished: None,
            withdrawn: 0,
        }
    }

    /// Notes the revision that is in force; starts over for another advertisement of the same name. `returned`: the era with which the
    /// site returned last.
    pub(crate) fn meet(&mut self, advertisement: &Advertisement, returned: Option<EraId>) {
        let same = advertisement.revision == self.revision && advertisement.published_at == self.published_at;
        if !same && advertisement.revision <= self.revision && returned == self.returned {
            *self = Self::new(advertisement, returned);
        }
        self.returned = returned;
        self.revision = advertisement.revision;
        self.published_at = advertisement.published_at;
    }

    /// Ends occurrences with a result; with none of them it was the person's own request.
    pub(crate) fn settle(
        &mut self,
        occurrences: impl IntoIterator<Item = OccurrenceId>,
        schedule: Schedule<'_>,
        finished: Finished,
    ) {
        self.settled.settle(occurrences, schedule);
        self.finished = Some(finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::advertisement::Assignment::{AsSoonAsPossible, At};
    use dray_model::advertisement::{AdvertisementTerms, Assignment};
    use dray_schedule::Zone;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn advertisement(revision: u32, published: i64, assignments: &[Assignment]) -> Advertisement {
        let name = "a".parse::<Name>().unwrap();
        let terms = AdvertisementTerms::new(name.clone(), name.clone(), name.clone());
        let terms = AdvertisementTerms { assignments: assignments.to_vec(), ..terms };
        Advertisement { format: 1, name, revision, published_at: at(published), requires: vec![], terms }
    }

    fn finished() -> Finished {
        let release = ReleaseNumber { source_version: 1, revision: 1 };
        let (state, reason) = (ClientState::Succeeded, Reason::ExitCode { exit_code: 0 });
        Finished { state, reason, release, at: at(0), restart: None }
    }

    fn due(ledger: &Ledger, advertisement: &Advertisement, now: i64) -> usize {
        Schedule::new(&advertisement.terms, &Zone::UTC).due(&ledger.settled, at(now)).len()
    }

    fn settled(advertisement: &Advertisement, now: i64) -> Ledger {
        let mut ledger = Ledger::new(advertisement, None);
        let schedule = Schedule::new(&advertisement.terms, &Zone::UTC);
        ledger.settle(schedule.due(&ledger.settled, at(now)), schedule, finished());
        ledger
    }

    #[test]
    fn an_edit_that_keeps_an_assignment_does_not_arm_it_again_and_a_new_instant_does() {
        let first = advertisement(1, 0, &[AsSoonAsPossible, At { time: at(10) }]);
        let mut ledger = settled(&first, 10);
        let edited = advertisement(2, 5, &[AsSoonAsPossible, At { time: at(10) }, At { time: at(15) }]);
        ledger.meet(&edited, None);
        assert_eq!((due(&ledger, &edited, 12), due(&ledger, &edited, 15)), (0, 1));
    }

    #[test]
    fn another_advertisement_of_the_same_name_has_assignments_of_its_own() {
        let first = advertisement(3, 0, &[AsSoonAsPossible]);
        for (revision, published, fresh) in [(3, 0, false), (4, 9, false), (3, 9, true), (1, 9, true)] {
            let mut ledger = settled(&first, 0);
            let next = advertisement(revision, published, &[AsSoonAsPossible]);
            ledger.meet(&next, None);
            assert_eq!(due(&ledger, &next, 10) == 1, fresh, "revision {revision}, {published}");
        }
    }

    #[test]
    fn an_older_revision_of_a_site_that_returned_arms_nothing_again() {
        let mut ledger = settled(&advertisement(7, 9, &[AsSoonAsPossible, At { time: at(10) }]), 10);
        let returned = Some(EraId::from_random(1));
        for (revision, published) in [(5, 0), (6, 20), (7, 21)] {
            let copy = advertisement(revision, published, &[AsSoonAsPossible, At { time: at(10) }]);
            ledger.meet(&copy, returned);
            assert_eq!(due(&ledger, &copy, 12), 0, "revision {revision}");
        }
        let new = advertisement(8, 22, &[AsSoonAsPossible, At { time: at(30) }]);
        ledger.meet(&new, returned);
        assert_eq!(due(&ledger, &new, 30), 1);
    }
}
