//! The machine's face: an event goes to the part that owns it, then everything that follows from the new state is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dray_model::facts::Facts;
use dray_model::package::Content;
use dray_model::policy::{AgentSettings, Policy};
use dray_model::state::Reason;
use dray_model::status::StatusEvent;
use dray_model::{DeviceId, Name, RunId, Timestamp};

use crate::assess::Scene;
use crate::check::{Checks, Stage};
use crate::condition::Subject;
use crate::effect::Effect;
use crate::event::{Event, NotStarted, RunObservation, Started};
use crate::facts::FactsBook;
use crate::open::{self, Asked, Open};
use crate::progress::Progress;
use crate::run::{Outcome, Run, RunSpec};
use crate::state::State;
use crate::turn::{Turns, turns};
use crate::{conclude, policy, reconcile, task, tell};

/// Who this device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub device: DeviceId,
    /// Its name.
    pub name: Name,
}

/// Why a state can't be resumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// Written by a version that this one does not know.
    #[error("the agent's state has format {0}, which this version of the agent cannot read")]
    Format(u32),
}

/// The agent's decisions.
#[derive(Debug)]
pub struct Agent {
    pub(crate) identity: Identity,
    pub(crate) state: State,
    pub(crate) facts: FactsBook,
    pub(crate) checks: Checks,
    asked: Asked,
    /// Known from [`Event::Started`] on; nothing is asked of the shell before.
    boot_id: Option<String>,
    wakeup: Option<Timestamp>,
}

impl Agent {
    /// Takes up a state where it was left. No effect comes out before [`Event::Started`].
    ///
    /// # Errors
    /// [`ResumeError`] for a state of a later version.
    pub fn resume(identity: Identity, state: State) -> Result<Self, ResumeError> {
        if state.format != State::FORMAT {
            return Err(ResumeError::Format(state.format));
        }
        Ok(Self {
            identity,
            state,
            facts: FactsBook::default(),
            checks: Checks::default(),
            asked: Asked::default(),
            boot_id: None,
            wakeup: None,
        })
    }

    /// Takes an event in and says what is to be done. `bits` are 64 fresh random bits; they name a run if one starts.
    #[must_use = "effects that are not carried out are lost until the next start"]
    pub fn handle(&mut self, now: Timestamp, event: Event, bits: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.take_in(now, event, &mut effects);
        if self.boot_id.is_some() {
            self.advance(now, bits, &mut effects);
        }
        effects
    }

    /// What must survive a restart.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When to send [`Event::Timer`]; absent when only news from outside can change anything.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.wakeup
    }

    /// The settings of the policy in force; the defaults before the first one.
    #[must_use]
    pub fn settings(&self) -> AgentSettings {
        self.state.policy.as_ref().map_or_else(AgentSettings::default, |policy| policy.settings)
    }

    /// The facts that decisions rest on; they are what the site must know. None before the first inventory.
    #[must_use]
    pub fn facts(&self) -> Option<&Arc<Facts>> {
        self.facts.known().map(Subject::facts)
    }

    pub(crate) fn scene(&self, now: Timestamp) -> Scene<'_> {
        Scene { now, state: &self.state, facts: &self.facts, checks: &self.checks }
    }

    fn take_in(&mut self, now: Timestamp, event: Event, effects: &mut Vec<Effect>) {
        let device = self.identity.device;
        match event {
            Event::Started(started) => self.started(now, started, effects),
            Event::PolicyReceived(policy) => self.policy_received(now, policy, effects),
            Event::DocumentReceived { digest, document } => {
                self.asked.answered(Open::Document(digest));
                self.state.documents.received(digest, *document, device, now);
            }
            Event::DocumentFailed { digest, error, refused } => {
                self.asked.answered(Open::Document(digest));
                self.state.documents.failed(digest, error, refused, device, now);
            }
            Event::FactsTaken { ticket, facts } => {
                let interval_s = self.settings().inventory_interval_s;
                self.facts.taken(ticket, facts, &self.identity.name, interval_s, now);
            }
            Event::ContentProgress { content, done_bytes, total_bytes } => {
                self.state.contents.progressed(&content, Progress { done_bytes, total_bytes });
            }
            Event::ContentReady { content, sources, reused_bytes, duration_ms } => {
                self.asked.answered(Open::Content(content));
                let is_new = self.state.contents.ready(content);
                if let Some(package) = self.state.package_of(&content).filter(|_| is_new) {
                    let event = StatusEvent::Delivered { package, content, sources, reused_bytes, duration_ms };
                    self.state.report(now, event, effects);
                }
            }
            Event::ContentFailed { content, failure } => {
                self.asked.answered(Open::Content(content));
                self.state.contents.failed(&content, failure, device, now);
            }
            Event::ContentLost { content, error } => self.state.contents.lost(&content, error, device, now),
            Event::RunStarted { run } => self.run_started(now, run),
            Event::RunNotStarted { run, because } => self.run_not_started(now, run, &because, effects),
            Event::RunEnded { run, result } => {
                let boot_id = self.boot_id.clone().unwrap_or_default();
                conclude::ended(&mut self.state, run, result, &boot_id, now, effects);
                // What a program leaves behind is news for the site too, whether or not anything here asks for it.
                self.facts.order();
            }
            Event::UserRequested { advertisement } => self.requested(now, &advertisement),
            Event::Timer => {}
        }
    }

    fn started(&mut self, now: Timestamp, started: Started, effects: &mut Vec<Effect>) {
        self.state.zone = started.zone;
        self.state.contents.observe(&started.contents);
        conclude::restarted(&mut self.state, &started.boot_id);
        let Started { boot_id, mut runs, .. } = started;
        if let Some(id) = self.state.run.as_ref().map(|run| run.spec.run) {
            let observed = runs.remove(&id).unwrap_or(RunObservation::NotStarted);
            self.observe_run(now, id, observed, &boot_id, effects);
        }
        let leftovers = runs.into_iter().filter(|(_, observed)| *observed != RunObservation::Running);
        effects.extend(leftovers.map(|(run, _)| Effect::RemoveRun { run }));
        self.boot_id = Some(boot_id);
    }

    /// What became of the run that was decided on before the restart.
    fn observe_run(
        &mut self,
        now: Timestamp,
        id: RunId,
        observed: RunObservation,
        boot_id: &str,
        effects: &mut Vec<Effect>,
    ) {
        let without_result = |run: &Option<Run>, outcome| run.as_ref().map(|run| run.without_result(outcome));
        let result = match observed {
            RunObservation::NotStarted => return self.judge_intent(now),
            RunObservation::Running => return self.run_started(now, id),
            RunObservation::Ended(result) => Some(result),
            RunObservation::Lost => without_result(&self.state.run, Outcome::Lost),
            RunObservation::Interrupted => without_result(&self.state.run, Outcome::Interrupted),
        };
        if let Some(result) = result {
            conclude::ended(&mut self.state, id, result, boot_id, now, effects);
        }
    }

    /// A run that was decided on and not started goes on under its id, unless it may not start any more or is no longer what its
    /// advertisement offers.
    fn judge_intent(&mut self, now: Timestamp) {
        let may_start = self.state.run.as_ref().is_some_and(|run| self.may_still_start(now, run));
        if let Some(run) = &mut self.state.run {
            run.void = !may_start;
        }
    }

    fn may_still_start(&self, now: Timestamp, run: &Run) -> bool {
        let scene = self.scene(now);
        let Some(offer) = self.state.offers.get(&run.spec.advertisement) else { return false };
        let is_offered = scene.documents(offer).is_ok_and(|(advertisement, release)| {
            let now_offered = (&release.package, release.number, &advertisement.terms.program);
            now_offered == (&run.spec.package, run.spec.release, &run.spec.program.name)
        });
        is_offered && scene.offered(offer).err().is_none_or(|stop| stop.reason == Reason::TakingFacts)
    }

    fn policy_received(&mut self, now: Timestamp, policy: Policy, effects: &mut Vec<Effect>) {
        match policy::check(&policy, self.state.policy.as_ref(), self.identity.device, now) {
            Ok(()) => {
                if self.state.policy.as_ref().is_some_and(|held| held.returned != policy.returned) {
                    self.state.forget_what_was_told();
                    effects.push(Effect::SiteReturned);
                }
                effects.push(Effect::PolicyTaken);
                self.state.policy = Some(policy);
            }
            Err(refusal) => effects.push(Effect::PolicyRefused(refusal)),
        }
    }

    fn run_started(&mut self, now: Timestamp, id: RunId) {
        if let Some(run) = self.state.run.as_mut().filter(|run| run.spec.run == id) {
            run.started_at.get_or_insert(now);
        }
    }

    fn run_not_started(&mut self, now: Timestamp, id: RunId, because: &NotStarted, effects: &mut Vec<Effect>) {
        let content = self.state.run.as_ref().filter(|run| run.spec.run == id).and_then(|run| run.spec.content);
        if let (Some(content), NotStarted::ContentLost { error }) = (content, because) {
            self.state.contents.lost(&content, error.clone(), self.identity.device, now);
        }
        conclude::not_started(&mut self.state, id, because, now, effects);
    }

    /// A request makes a task of its own age, and ends every wait that hurry can end.
    fn requested(&mut self, now: Timestamp, name: &Name) {
        if self.check_request(now, name).is_err() || self.state.runs(name) {
            return;
        }
        let fresh = self.state.new_task();
        let Some(offer) = self.state.offers.get_mut(name) else { return };
        let task = offer.task.get_or_insert(fresh);
        task.requested = true;
        task.hold = None;
        let release = self.state.documents.release(&offer.entry.release);
        if let Some(content) = release.and_then(|release| release.content.as_ref()) {
            self.state.contents.hurry(&content.digest);
        }
    }

    /// Everything that follows from the state as it is now.
    fn advance(&mut self, now: Timestamp, bits: u64, effects: &mut Vec<Effect>) {
        reconcile::reconcile(&mut self.state, now);
        task::form(&mut self.state, now);
        while self.pass_verdict(now, effects) {
            task::form(&mut self.state, now);
        }
        let mut turns = turns(&self.scene(now));
        if let Some(name) = turns.start.take() {
            self.intend(now, &name, bits);
            turns = crate::turn::turns(&self.scene(now));
        }
        let wanted = self.want_contents(now, effects);
        self.order_checks(now, &turns);
        let stops = turns.stops.iter();
        let to_tell = stops.filter_map(|(name, stop)| tell::tell(&mut self.state, name, stop, now, effects)).min();
        reconcile::dismiss(&mut self.state);
        self.asked.ask(open::open(&self.state, &self.facts, &wanted, now), effects);
        self.wakeup = self.next_instant(now).into_iter().chain(to_tell).min();
    }

    fn pass_verdict(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let scene = self.scene(now);
        let found = scene
            .state
            .offers
            .iter()
            .find_map(|(name, offer)| task::verdict(&scene, name, offer).map(|verdict| (name.clone(), verdict)));
        let Some((name, verdict)) = found else { return false };
        verdict.apply(&mut self.state, &name, now, effects);
        true
    }

    /// Decides on a run. It is started only after this is persisted.
    fn intend(&mut self, now: Timestamp, name: &Name, bits: u64) {
        let scene = self.scene(now);
        let offered = scene.state.offers.get(name).and_then(|offer| scene.offered(offer).ok());
        let Some(offered) = offered else { return };
        let spec = RunSpec {
            run: RunId::from_random(bits),
            advertisement: name.clone(),
            package: offered.release.package.clone(),
            release: offered.release.number,
            program: offered.program.clone(),
            content: offered.release.content.as_ref().map(|content| content.digest),
        };
        self.state.run = Some(Run { spec, intended_at: now, started_at: None, void: false });
        if let Some(task) = self.state.offers.get_mut(name).and_then(|offer| offer.task.as_mut()) {
            task.hold = None;
        }
    }

    /// Opens and closes fetches, retires what nothing names, and gives what is wanted in the order of importance.
    fn want_contents(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Vec<Content> {
        let scene = self.scene(now);
        let offers = scene.state.offers.iter();
        let mut wanted: Vec<_> = offers
            .filter_map(|(name, offer)| {
                let rank = offer.task.as_ref().map_or((true, u64::MAX), crate::offer::Task::rank);
                scene.wanted(name, offer).map(|content| (rank, content))
            })
            .collect();
        wanted.sort_by_key(|(rank, _)| *rank);
        let wanted: Vec<Content> = wanted.into_iter().map(|(_, content)| content).collect();
        let digests: BTreeSet<_> = wanted.iter().map(|content| content.digest).collect();
        self.state.contents.want(&digests);
        let (named, retention_s) = (self.state.named_contents(), self.settings().cache_retention_s);
        let retired = self.state.contents.retire(&named, retention_s, now);
        effects.extend(retired.into_iter().map(|content| Effect::RemoveContent { content }));
        wanted
    }

    fn order_checks(&mut self, now: Timestamp, turns: &Turns) {
        let needed: BTreeMap<Name, Stage> =
            turns.stops.iter().filter_map(|(name, stop)| stop.check.map(|stage| (name.clone(), stage))).collect();
        self.checks.need(&needed, &mut self.facts);
        self.facts.keep_current(now);
    }

    /// The next instant at which anything changes by itself.
    fn next_instant(&self, now: Timestamp) -> Option<Timestamp> {
        let standings = self.state.offers.values().filter_map(|offer| offer.standing.next);
        let policy = self.state.policy.as_ref();
        let documents = policy.into_iter().flat_map(|policy| self.state.documents.missing(policy));
        let documents = documents.filter_map(|(digest, _)| self.state.documents.paused_until(&digest, now));
        let policy_expiry = policy.map(|policy| policy.expires_at);
        let facts = self.facts.next().filter(|_| self.facts.open_ticket().is_none());
        let single = [policy_expiry, facts, self.state.contents.next(now)].into_iter().flatten();
        standings.chain(documents).chain(single).filter(|instant| *instant > now).min()
    }
}
