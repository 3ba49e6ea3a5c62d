//! Fresh looks at the device on behalf of one offer: before its content is fetched, before it runs, after it ran.
//!
//! Kept in memory only: after a restart the agent looks again.

use std::collections::BTreeMap;

use dray_model::Name;

use crate::facts::FactsBook;

/// What the facts are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    BeforeFetch,
    BeforeRun,
    AfterRun,
}

/// The looks that were ordered, by advertisement.
#[derive(Debug, Default)]
pub(crate) struct Checks(BTreeMap<Name, (Stage, u64)>);

impl Checks {
    /// Whether the look for this stage was taken.
    pub(crate) fn is_answered(&self, name: &Name, stage: Stage, facts: &FactsBook) -> bool {
        self.0.get(name).is_some_and(|(ordered, ticket)| *ordered == stage && facts.has(*ticket))
    }

    /// Orders what is needed and was not ordered yet, and drops what is needed no more.
    pub(crate) fn need(&mut self, needed: &BTreeMap<Name, Stage>, facts: &mut FactsBook) {
        self.0.retain(|name, (stage, _)| needed.get(name) == Some(stage));
        for (name, stage) in needed {
            self.0.entry(name.clone()).or_insert_with(|| (*stage, facts.order()));
        }
    }
}
