//! Effects that are open: asked for and not answered.
//!
//! What should be open follows from the state alone. Comparing it with what was asked for in this life of the process gives the
//! effects to emit; after a restart nothing was asked for yet, so all that is open comes out again.

use std::collections::BTreeSet;

use dray_model::package::Content;
use dray_model::{Digest, RunId, Timestamp};

use crate::effect::Effect;
use crate::facts::FactsBook;
use crate::state::State;

/// Names an effect by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Open {
    Facts(u64),
    Document(Digest),
    Content(Digest),
    Start(RunId),
    Void(RunId),
}

/// What was asked for and not answered yet.
#[derive(Debug, Default)]
pub(crate) struct Asked(BTreeSet<Open>);

impl Asked {
    /// An answer has come, good or bad.
    pub(crate) fn answered(&mut self, open: Open) {
        self.0.remove(&open);
    }

    /// Emits what should be open and was not asked for, and calls off what should not be any more.
    pub(crate) fn ask(&mut self, wanted: Vec<(Open, Effect)>, effects: &mut Vec<Effect>) {
        let names: BTreeSet<Open> = wanted.iter().map(|(open, _)| *open).collect();
        for gone in self.0.difference(&names) {
            if let Open::Content(content) = gone {
                effects.push(Effect::CancelFetch { content: *content });
            }
        }
        effects.extend(wanted.into_iter().filter(|(open, _)| !self.0.contains(open)).map(|(_, effect)| effect));
        self.0 = names;
    }
}

/// What should be open now; contents in the order of their importance.
pub(crate) fn open(state: &State, facts: &FactsBook, contents: &[Content], now: Timestamp) -> Vec<(Open, Effect)> {
    let mut open = Vec::new();
    open.extend(facts.open_ticket().map(|ticket| (Open::Facts(ticket), Effect::TakeFacts { ticket })));
    let mut named = BTreeSet::new();
    for (digest, kind) in state.policy.iter().flat_map(|policy| state.documents.missing(policy)) {
        if state.documents.paused_until(&digest, now).is_none() && named.insert(digest) {
            open.push((Open::Document(digest), Effect::FetchDocument { digest, kind }));
        }
    }
    for content in contents {
        let is_free = state.contents.paused_until(&content.digest, now).is_none();
        if state.contents.is_fetched(&content.digest) && is_free && named.insert(content.digest) {
            open.push((Open::Content(content.digest), Effect::FetchContent { content: content.clone() }));
        }
    }
    if let Some(run) = state.run.as_ref().filter(|run| run.started_at.is_none()) {
        let id = run.spec.run;
        open.push(if run.void {
            (Open::Void(id), Effect::VoidRun { run: id })
        } else {
            (Open::Start(id), Effect::StartRun(Box::new(run.spec.clone())))
        });
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(byte: u8) -> (Open, Effect) {
        let content = Content { digest: Digest::of(&[byte]), size_bytes: 1, files: 1, requires: Vec::new() };
        (Open::Content(content.digest), Effect::FetchContent { content })
    }

    #[test]
    fn an_effect_is_asked_for_once_until_it_is_answered() {
        let (mut asked, mut effects) = (Asked::default(), Vec::new());
        asked.ask(vec![fetch(1)], &mut effects);
        asked.ask(vec![fetch(1), fetch(2)], &mut effects);
        assert_eq!(effects, [fetch(1).1, fetch(2).1]);
        asked.answered(fetch(1).0);
        asked.ask(vec![fetch(1), fetch(2)], &mut effects);
        assert_eq!(effects.len(), 3, "answered with a failure, so asked for again");
    }

    #[test]
    fn a_fetch_that_is_not_wanted_any_more_is_called_off_unless_it_was_answered() {
        let (mut asked, mut effects) = (Asked::default(), Vec::new());
        asked.ask(vec![fetch(1), fetch(2)], &mut effects);
        asked.answered(fetch(2).0);
        effects.clear();
        asked.ask(vec![], &mut effects);
        assert_eq!(effects, [Effect::CancelFetch { content: Digest::of(&[1]) }]);
    }
}
