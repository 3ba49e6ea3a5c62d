//! Tasks come into being when assignments are due or somebody asks, and end with a result that settles them.

use std::collections::BTreeSet;

use dray_model::state::{ClientState, Reason};
use dray_model::status::StatusEvent;
use dray_model::{Name, Timestamp};
use dray_schedule::{OccurrenceId, Phase};

use crate::assess::{Offered, Scene};
use crate::check::Stage;
use crate::effect::Effect;
use crate::history::runs_again;
use crate::ledger::Finished;
use crate::offer::{Offer, Presence};
use crate::policy;
use crate::state::State;

/// Makes tasks of what is due, adds to those that wait, and drops those whose cause is gone. What runs is left alone: an assignment that
/// comes due meanwhile is a task of its own afterwards.
pub(crate) fn form(state: &mut State, now: Timestamp) {
    if state.policy.as_ref().is_none_or(|policy| policy::in_force(policy, now).is_err()) {
        return;
    }
    for name in state.offers.keys().cloned().collect::<Vec<_>>() {
        form_one(state, &name, now);
    }
}

fn form_one(state: &mut State, name: &Name, now: Timestamp) {
    let Some(offer) = state.offers.get(name).filter(|offer| offer.presence == Presence::Named) else { return };
    let Some(advertisement) = state.documents.advertisement(&offer.entry.advertisement) else { return };
    if state.runs(name) || offer.is_verifying() {
        return;
    }
    let schedule = state.schedule(&advertisement.terms);
    let due = match schedule.phase(now) {
        Phase::Open => state.ledgers.get(name).map(|ledger| schedule.due(&ledger.settled, now)).unwrap_or_default(),
        Phase::Before(_) => return,
        Phase::Over(_) => return drop_task(state, name),
    };
    let requested = offer.task.as_ref().is_some_and(|task| task.requested);
    if due.is_empty() && !requested {
        return drop_task(state, name);
    }
    let task = offer.task.clone().unwrap_or_else(|| state.new_task());
    if let Some(offer) = state.offers.get_mut(name) {
        offer.task = Some(crate::offer::Task { occurrences: due, ..task });
    }
}

fn drop_task(state: &mut State, name: &Name) {
    if let Some(offer) = state.offers.get_mut(name) {
        offer.task = None;
    }
}

/// What ends a task without a start.
pub(crate) enum Verdict {
    /// The rerun rule says no to its assignments.
    WillNotRerun(Finished),
    /// Its effect is there.
    AlreadyPresent(Finished),
    /// It ran, and this is what its effect says.
    Verified(bool),
}

/// Looks at one offer.
pub(crate) fn verdict(scene: &Scene<'_>, name: &Name, offer: &Offer) -> Option<Verdict> {
    let task = offer.task.as_ref().filter(|_| !scene.state.runs(name))?;
    let subject = scene.facts.known();
    if let Some(verifying) = &task.verifying {
        let is_answered = scene.checks.is_answered(name, Stage::AfterRun, scene.facts);
        return subject.filter(|_| is_answered).map(|s| Verdict::Verified(s.meets(&verifying.detect) == Ok(true)));
    }
    let offered = scene.offered(offer).ok()?;
    let terms = &offered.advertisement.terms;
    let past = scene.state.history.last(&terms.package, &terms.program);
    if let Some(past) = past.filter(|past| !task.occurrences.is_empty() && !runs_again(terms.rerun, Some(past))) {
        let reason = Reason::RanBefore { succeeded: past.succeeded };
        return Some(Verdict::WillNotRerun(finished(scene, offered, ClientState::WillNotRerun, reason)));
    }
    let is_fresh =
        [Stage::BeforeFetch, Stage::BeforeRun].iter().any(|s| scene.checks.is_answered(name, *s, scene.facts));
    let detect = offered.program.detect.as_ref().filter(|_| is_fresh)?;
    let is_there = subject.is_some_and(|subject| subject.meets(detect) == Ok(true));
    is_there.then(|| Verdict::AlreadyPresent(finished(scene, offered, ClientState::Succeeded, Reason::AlreadyPresent)))
}

fn finished(scene: &Scene<'_>, offered: Offered<'_>, state: ClientState, reason: Reason) -> Finished {
    Finished { state, reason, release: offered.release.number, at: scene.now, restart: None }
}

impl Verdict {
    /// Carries the verdict out.
    pub(crate) fn apply(self, state: &mut State, name: &Name, now: Timestamp, effects: &mut Vec<Effect>) {
        match self {
            Self::WillNotRerun(finished) => {
                let (occurrences, requested) = take_occurrences(state, name);
                settle(state, name, occurrences, finished);
                if !requested {
                    drop_task(state, name);
                }
            }
            Self::AlreadyPresent(finished) => {
                report_verified(state, name, true, now, effects);
                end(state, name, finished);
            }
            Self::Verified(present) => verified(state, name, present, now, effects),
        }
    }
}

/// The run's effect is there or not: that is the result.
fn verified(state: &mut State, name: &Name, present: bool, now: Timestamp, effects: &mut Vec<Effect>) {
    let Some(verifying) = state.offers.get(name).and_then(|offer| offer.task.as_ref()?.verifying.clone()) else {
        return;
    };
    report_verified(state, name, present, now, effects);
    let (client_state, reason) = match present {
        true => (ClientState::Succeeded, verifying.reason),
        false if verifying.ended_well => (ClientState::Failed, Reason::NotDetected),
        false => (ClientState::Failed, verifying.reason),
    };
    let release = verifying.release;
    let past = crate::history::PastRun { run: verifying.run, release, succeeded: present, ended_at: now };
    state.history.note(&verifying.package, &verifying.program, past);
    end(state, name, Finished { state: client_state, reason, release, at: now, restart: None });
}

/// Ends a task with its result.
pub(crate) fn end(state: &mut State, name: &Name, finished: Finished) {
    let (occurrences, _) = take_occurrences(state, name);
    settle(state, name, occurrences, finished);
    drop_task(state, name);
}

fn take_occurrences(state: &mut State, name: &Name) -> (BTreeSet<OccurrenceId>, bool) {
    let task = state.offers.get_mut(name).and_then(|offer| offer.task.as_mut());
    task.map(|task| (std::mem::take(&mut task.occurrences), task.requested)).unwrap_or_default()
}

fn settle(state: &mut State, name: &Name, occurrences: BTreeSet<OccurrenceId>, finished: Finished) {
    let Some(offer) = state.offers.get(name) else { return };
    let Some(advertisement) = state.documents.advertisement(&offer.entry.advertisement) else { return };
    let schedule = state.schedule(&advertisement.terms);
    if let Some(ledger) = state.ledgers.get_mut(name) {
        ledger.settle(occurrences, schedule, finished);
    }
}

fn report_verified(state: &mut State, name: &Name, present: bool, now: Timestamp, effects: &mut Vec<Effect>) {
    let Some(offer) = state.offers.get(name) else { return };
    let verifying = offer.task.as_ref().and_then(|task| task.verifying.as_ref());
    let terms = state.documents.advertisement(&offer.entry.advertisement).map(|advertisement| &advertisement.terms);
    let ran = verifying.map(|verifying| (verifying.package.clone(), verifying.program.clone()));
    let Some((package, program)) = ran.or_else(|| terms.map(|terms| (terms.package.clone(), terms.program.clone())))
    else {
        return;
    };
    let event = StatusEvent::Verified { advertisement: name.clone(), package, program, present };
    state.report(now, event, effects);
}
