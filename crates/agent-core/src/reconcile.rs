//! From the policy to offers: which advertisements reach the device, by which documents.
//!
//! The policy names its advertisements. While the document of an edited one is missing, or can only be acted on by a newer agent, the
//! offer is *unsure*: its former documents stay, so that what runs by them is settled, and nothing of it starts. An entry that
//! doesn't even give a name may be any advertisement, so then all that the policy doesn't name are unsure.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::policy::Policy;
use dray_model::requirement::Requirement;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::{EraId, Name, Timestamp};

use crate::documents::{Documents, entries};
use crate::ledger::Ledger;
use crate::limits::LIMITS;
use crate::offer::{Entry, Offer, Presence};
use crate::state::State;

/// Brings the offers in line with the policy and the documents that are here.
pub(crate) fn reconcile(state: &mut State, now: Timestamp) {
    let Some(policy) = &state.policy else { return };
    let returned = policy.returned;
    let complete = policy.entries.iter().all(|entry| entry.names().is_some());
    let named = named(policy, &state.documents);
    for (name, found) in &named {
        take_up(state, name, found, returned, now);
    }
    let absence = if complete { Presence::Withdrawn } else { Presence::Unsure };
    for (_, offer) in state.offers.iter_mut().filter(|(name, _)| !named.contains_key(*name)) {
        offer.presence = absence;
        offer.awaits = None;
    }
    forget(state);
}

/// What the policy says of an advertisement.
struct Found {
    revision: Option<u32>,
    entry: Entry,
    lacking: Option<Requirement>,
}

/// The policy's entries by advertisement name. Should two entries have one name, the higher revision counts.
fn named(policy: &Policy, documents: &Documents) -> BTreeMap<Name, Found> {
    let mut named: BTreeMap<Name, Found> = BTreeMap::new();
    for readable in &policy.entries {
        let Some(names) = readable.names() else { continue };
        let Some(entry) = Entry::of(&names) else { continue };
        let revision = documents.about(&entry.advertisement).map(|about| about.revision);
        if named.get(&names.name).is_none_or(|best| revision > best.revision) {
            let lacking = readable.lacking().cloned();
            named.insert(names.name, Found { revision, entry, lacking });
        }
    }
    named
}

fn take_up(state: &mut State, name: &Name, found: &Found, returned: Option<EraId>, now: Timestamp) {
    let Found { revision, entry, lacking } = found;
    let advertisement = state.documents.advertisement(&entry.advertisement);
    let is_another = |offer: &Offer| offer.entry.advertisement != entry.advertisement;
    let replaces = state.offers.get(name).is_some_and(is_another);
    if revision.is_none() || (advertisement.is_none() && replaces) {
        if let Some(offer) = state.offers.get_mut(name).filter(|offer| is_another(offer)) {
            offer.presence = Presence::Unsure;
            offer.awaits = Some(entry.advertisement);
        }
        return;
    }
    if let Some(advertisement) = advertisement {
        let ledger = state.ledgers.entry(name.clone()).or_insert_with(|| Ledger::new(advertisement, returned));
        ledger.meet(advertisement, returned);
    }
    let offer = state.offers.entry(name.clone()).or_insert_with(|| new_offer(*entry, now));
    offer.entry = *entry;
    offer.presence = Presence::Named;
    offer.awaits = None;
    offer.lacking.clone_from(lacking);
}

fn new_offer(entry: Entry, now: Timestamp) -> Offer {
    let reason = Some(Reason::AwaitingDocuments);
    Offer {
        entry,
        presence: Presence::Named,
        awaits: None,
        lacking: None,
        received_at: now,
        task: None,
        standing: Standing { state: ClientState::Received, reason, since: now, next: None },
        told: None,
        told_progress: None,
    }
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
    let entries = state.policy.iter().flat_map(entries).map(|(_, entry)| entry);
    let entries = entries.chain(state.offers.values().map(|offer| offer.entry));
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
