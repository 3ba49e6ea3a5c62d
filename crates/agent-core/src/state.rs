//! The whole memory of the machine: what must survive a restart.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::advertisement::AdvertisementTerms;
use dray_model::policy::Policy;
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{Digest, Name, Timestamp};
use dray_schedule::{Schedule, Zone};
use serde::{Deserialize, Serialize};

use crate::content::Contents;
use crate::documents::{Documents, entries};
use crate::effect::Effect;
use crate::history::History;
use crate::ledger::Ledger;
use crate::offer::{Offer, Task};
use crate::run::Run;

/// What the shell keeps between two events. Opaque; its JSON form is read back by [`crate::Agent::resume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    pub(crate) format: u32,
    pub(crate) policy: Option<Policy>,
    pub(crate) documents: Documents,
    pub(crate) offers: BTreeMap<Name, Offer>,
    pub(crate) ledgers: BTreeMap<Name, Ledger>,
    pub(crate) history: History,
    pub(crate) contents: Contents,
    pub(crate) run: Option<Run>,
    /// Where the computer is, as the shell found it when it started.
    #[serde(skip)]
    pub(crate) zone: Zone,
    /// Status messages numbered so far.
    messages: u64,
    /// Tasks and withdrawals counted so far; orders them whatever the clock does.
    count: u64,
}

impl State {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// The state of a device that has just enrolled.
    #[must_use]
    pub fn new() -> Self {
        Self {
            format: Self::FORMAT,
            policy: None,
            documents: Documents::default(),
            offers: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            history: History::default(),
            contents: Contents::default(),
            run: None,
            zone: Zone::UTC,
            messages: 0,
            count: 0,
        }
    }

    /// Numbers a message for the site.
    pub(crate) fn report(&mut self, at: Timestamp, event: StatusEvent, effects: &mut Vec<Effect>) {
        self.messages += 1;
        effects.push(Effect::Report(StatusMessage { number: self.messages, at, event }));
    }

    /// Has every standing told again: the site has forgotten what it was told.
    pub(crate) fn forget_what_was_told(&mut self) {
        for offer in self.offers.values_mut() {
            offer.told = None;
            offer.told_progress = None;
        }
    }

    /// A number above all that were given before.
    pub(crate) fn count_up(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// A task of its own age.
    pub(crate) fn new_task(&mut self) -> Task {
        Task::new(self.count_up())
    }

    /// The times of an advertisement, where the computer is.
    pub(crate) fn schedule<'a>(&self, terms: &'a AdvertisementTerms) -> Schedule<'a> {
        Schedule::new(terms, &self.zone)
    }

    /// Whether the run under way is of this advertisement.
    pub(crate) fn runs(&self, name: &Name) -> bool {
        self.run.as_ref().is_some_and(|run| run.spec.advertisement == *name)
    }

    /// The advertisement that holds the one place for programs: its run is under way, or its effect is being verified.
    pub(crate) fn place_holder(&self) -> Option<&Name> {
        let verified = || self.offers.iter().find(|(_, offer)| offer.is_verifying()).map(|(name, _)| name);
        self.run.as_ref().map(|run| &run.spec.advertisement).or_else(verified)
    }

    /// Contents that the policy's releases or the run under way name.
    pub(crate) fn named_contents(&self) -> BTreeSet<Digest> {
        let entries = self.policy.iter().flat_map(entries);
        let releases = entries.filter_map(|(_, entry)| self.documents.release(&entry.release));
        let running = self.run.as_ref().and_then(|run| run.spec.content);
        releases.filter_map(|release| release.content.as_ref().map(|content| content.digest)).chain(running).collect()
    }

    /// The package that content belongs to: of the run under way, or of the policy's releases.
    pub(crate) fn package_of(&self, content: &Digest) -> Option<Name> {
        let running = self.run.iter().filter(|run| run.spec.content == Some(*content)).map(|run| &run.spec.package);
        let entries = self.policy.iter().flat_map(entries);
        let releases = entries.filter_map(|(_, entry)| self.documents.release(&entry.release));
        let releases = releases.filter(|release| release.content.as_ref().is_some_and(|held| held.digest == *content));
        running.chain(releases.map(|release| &release.package)).next().cloned()
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
