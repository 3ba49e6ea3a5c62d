//! From the policy to offers: which advertisements reach the device, by which documents.
//!
//! An advertisement is known by its name only once its document is here. So while documents of the policy are missing, an offer whose
//! revision is gone may be withdrawn or merely edited: it is *unsure*, and nothing of it starts until that is known.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::policy::{Policy, PolicyEntry};
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::{Name, Timestamp};

use crate::documents::Documents;
use crate::ledger::Ledger;
use crate::limits::LIMITS;
use crate::offer::{Offer, Presence};
use crate::state::State;

/// Brings the offers in line with the policy and the documents that are here.
pub(crate) fn reconcile(state: &mut State, now: Timestamp) {
    let Some(policy) = &state.policy else { return };
    let (named, complete) = named(policy, &state.documents);
    for (name, entry) in &named {
        take_up(state, name, *entry, now);
    }
    let absence = if complete { Presence::Withdrawn } else { Presence::Unsure };
    for (_, offer) in state.offers.iter_mut().filter(|(name, _)| !named.contains_key(*name)) {
        offer.presence = absence;
    }
    forget(state);
}

/// The policy's entries by advertisement name, and whether every advertisement document is here. Should two entries have one name,
/// the higher revision counts.
fn named(policy: &Policy, documents: &Documents) -> (BTreeMap<Name, PolicyEntry>, bool) {
    let mut named: BTreeMap<Name, (u32, PolicyEntry)> = BTreeMap::new();
    let mut complete = true;
    for entry in &policy.entries {
        let Some(advertisement) = documents.advertisement(&entry.advertisement) else {
            complete = false;
            continue;
        };
        let best = named.entry(advertisement.name.clone()).or_insert((advertisement.revision, *entry));
        if advertisement.revision > best.0 {
            *best = (advertisement.revision, *entry);
        }
    }
    (named.into_iter().map(|(name, (_, entry))| (name, entry)).collect(), complete)
}

fn take_up(state: &mut State, name: &Name, entry: PolicyEntry, now: Timestamp) {
    let Some(advertisement) = state.documents.advertisement(&entry.advertisement) else { return };
    let ledger = state.ledgers.entry(name.clone()).or_insert_with(|| Ledger::new(advertisement));
    ledger.meet(advertisement);
    let offer = state.offers.entry(name.clone()).or_insert_with(|| Offer {
        entry,
        presence: Presence::Named,
        received_at: now,
        task: None,
        standing: Standing {
            state: ClientState::Received,
            reason: Some(Reason::AwaitingDocuments),
            since: now,
            next: None,
        },
        told: None,
        told_progress: None,
    });
    offer.entry = entry;
    offer.presence = Presence::Named;
}

/// Removes withdrawn offers that have no run to wait for, once their last standing is told.
pub(crate) fn dismiss(state: &mut State) {
    let gone = |(name, offer): (&Name, &Offer)| {
        let is_gone = offer.presence == Presence::Withdrawn && !state.runs(name) && !offer.is_verifying();
        is_gone.then(|| name.clone())
    };
    for name in state.offers.iter().filter_map(gone).collect::<Vec<_>>() {
        state.offers.remove(&name);
        let number = state.count_up();
        if let Some(ledger) = state.ledgers.get_mut(&name) {
            ledger.withdrawn = number;
        }
    }
}

/// Drops documents that nothing names and the ledgers of long gone advertisements.
fn forget(state: &mut State) {
    let entries = state.policy.iter().flat_map(|policy| policy.entries.iter());
    let entries = entries.chain(state.offers.values().map(|offer| &offer.entry));
    let named: BTreeSet<_> = entries.flat_map(|entry| [entry.advertisement, entry.release]).collect();
    state.documents.keep(&named);
    let offers = &state.offers;
    let gone = state.ledgers.iter().filter(|(name, _)| !offers.contains_key(*name));
    let mut gone: Vec<_> = gone.map(|(name, ledger)| (ledger.withdrawn, name.clone())).collect();
    if gone.len() > LIMITS.forgotten_advertisements {
        gone.sort();
        gone.truncate(gone.len() - LIMITS.forgotten_advertisements);
        gone.iter().for_each(|(_, name)| drop(state.ledgers.remove(name)));
    }
}
