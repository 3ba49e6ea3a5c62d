//! What ran on this device, by package and program, and what the rerun rule makes of it.
//!
//! A new release, a new advertisement or rejoining a collection changes nothing here (R§10.3).

use std::collections::BTreeMap;

use dray_model::advertisement::Rerun;
use dray_model::package::ReleaseNumber;
use dray_model::{Name, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// The last run of every program that ever ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct History(BTreeMap<Name, BTreeMap<Name, PastRun>>);

/// The last run of a program, tries counted as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PastRun {
    pub(crate) run: RunId,
    pub(crate) release: ReleaseNumber,
    pub(crate) succeeded: bool,
    pub(crate) ended_at: Timestamp,
}

impl History {
    pub(crate) fn last(&self, package: &Name, program: &Name) -> Option<&PastRun> {
        self.0.get(package)?.get(program)
    }

    pub(crate) fn note(&mut self, package: &Name, program: &Name, past: PastRun) {
        self.0.entry(package.clone()).or_default().insert(program.clone(), past);
    }
}

/// Whether a mandatory assignment runs a program with this past.
pub(crate) fn runs_again(rule: Rerun, past: Option<&PastRun>) -> bool {
    let Some(past) = past else { return true };
    match rule {
        Rerun::Never => false,
        Rerun::Always => true,
        Rerun::IfFailed => !past.succeeded,
        Rerun::IfSucceeded => past.succeeded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(succeeded: bool) -> PastRun {
        let release = ReleaseNumber { source_version: 1, revision: 1 };
        PastRun { run: RunId::from_random(1), release, succeeded, ended_at: Timestamp::from_secs(0) }
    }

    #[test]
    fn the_rerun_rule_is_that_of_the_field() {
        let (failed, succeeded) = (past(false), past(true));
        for (rule, after_failure, after_success) in [
            (Rerun::Never, false, false),
            (Rerun::Always, true, true),
            (Rerun::IfFailed, true, false),
            (Rerun::IfSucceeded, false, true),
        ] {
            assert!(runs_again(rule, None), "{rule:?}: what never ran runs");
            assert_eq!(runs_again(rule, Some(&failed)), after_failure, "{rule:?}");
            assert_eq!(runs_again(rule, Some(&succeeded)), after_success, "{rule:?}");
        }
    }

    #[test]
    fn history_is_kept_by_package_and_program() {
        let mut history = History::default();
        let [package, program, other] = ["editor", "install", "remove"].map(|name| name.parse::<Name>().unwrap());
        history.note(&package, &program, past(true));
        assert!(history.last(&package, &program).is_some());
        assert!(history.last(&package, &other).is_none());
        assert!(history.last(&other, &program).is_none());
    }
}
