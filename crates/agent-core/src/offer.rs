//! An advertisement on this device, and the task that it becomes once its program is to run.

use std::collections::BTreeSet;

use dray_model::package::ReleaseNumber;
use dray_model::policy::EntryNames;
use dray_model::program::Expression;
use dray_model::requirement::Requirement;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::{Digest, Name, RunId, Timestamp};
use dray_schedule::OccurrenceId;
use serde::{Deserialize, Serialize};

use crate::pause::Pause;
use crate::progress::Told;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    /// The documents that are acted on. The advertisement's is always here, the release's may be missing.
    pub(crate) entry: Entry,
    pub(crate) presence: Presence,
    /// While it is unsure: the document of its next revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) awaits: Option<Digest>,
    /// What its entry in the policy requires and this version doesn't understand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lacking: Option<Requirement>,
    pub(crate) received_at: Timestamp,
    pub(crate) task: Option<Task>,
    pub(crate) standing: Standing,
    /// State and reason code of the last message about it.
    pub(crate) told: Option<(ClientState, String)>,
    /// Of the download that it reported; absent when it reported none.
    #[serde(default)]
    pub(crate) told_progress: Option<Told>,
}

/// The documents of an entry of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) advertisement: Digest,
    /// Of the release that it offers.
    pub(crate) release: Digest,
}

impl Entry {
    /// Of an entry's names; none of an entry that offers nothing.
    pub(crate) fn of(names: &EntryNames) -> Option<Self> {
        Some(Self { advertisement: names.advertisement, release: *names.releases.last()? })
    }
}

impl Offer {
    pub(crate) fn is_verifying(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.verifying.is_some())
    }
}

/// Whether the policy names an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    /// It does.
    Named,
    /// Its revision is gone, and the next one is not here or can't be acted on, or it isn't known whether there is one. Nothing starts.
    Unsure,
    /// It does not; the offer stays until its run has ended and is told.
    Withdrawn,
}

/// What is to be run: by assignments that are due, by request, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Task {
    /// Age: a lower one came first.
    pub(crate) order: u64,
    /// The person at the computer wants it.
    pub(crate) requested: bool,
    /// The occurrences of assignments that its result settles.
    pub(crate) occurrences: BTreeSet<OccurrenceId>,
    /// Tries that ended with an exit code that asks for another one.
    pub(crate) tries: u32,
    pub(crate) hold: Option<Hold>,
    pub(crate) verifying: Option<Verifying>,
}

impl Task {
    pub(crate) fn new(order: u64) -> Self {
        Self { order, ..Self::default() }
    }

    /// Mandatory before optional, then by age: the lower key goes first.
    pub(crate) fn rank(&self) -> (bool, u64) {
        (self.occurrences.is_empty(), self.order)
    }
}

/// What keeps a task from its next start for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hold {
    pub(crate) state: ClientState,
    pub(crate) reason: Reason,
    pub(crate) pause: Pause,
}

/// The program ran, and whether its effect is there is asked of facts that are taken now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verifying {
    pub(crate) detect: Expression,
    /// What the result says if the effect is there.
    pub(crate) reason: Reason,
    /// Whether the run itself ended well; otherwise its result is not known, and only the effect can tell.
    pub(crate) ended_well: bool,
    pub(crate) package: Name,
    pub(crate) program: Name,
    pub(crate) release: ReleaseNumber,
    pub(crate) run: RunId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mandatory_goes_before_optional_then_age_decides() {
        let assigned = |order| {
            let soon = serde_json::from_str(r#"{"kind": "as_soon_as_possible"}"#).unwrap();
            Task { occurrences: BTreeSet::from([soon]), ..Task::new(order) }
        };
        let requested = |order| Task { requested: true, ..Task::new(order) };
        let mut tasks = [requested(1), assigned(9), requested(2), assigned(4)];
        tasks.sort_by_key(Task::rank);
        assert_eq!(tasks.map(|task| task.order), [4, 9, 1, 2]);
    }
}
