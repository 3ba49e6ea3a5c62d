//! Where every offer stands now: a chain of gates, each of which lets it pass or says why not and until when.
//!
//! Nothing is changed here. The machine acts on what comes out, and every standing that the site or a person sees is made here, so no
//! decision and no explanation can disagree.

use std::time::Duration;

use dray_model::advertisement::{Advertisement, AdvertisementTerms};
use dray_model::package::{Content, Release, ReleaseNumber};
use dray_model::program::{Expression, Program};
use dray_model::state::{ClientState, Reason};
use dray_model::{Digest, Name, Timestamp};
use dray_schedule::{Settled, Timing};

use crate::check::{Checks, Stage};
use crate::facts::FactsBook;
use crate::history::runs_again;
use crate::ledger::Finished;
use crate::offer::{Offer, Presence, Task};
use crate::policy;
use crate::state::State;

/// What is known at an instant.
pub(crate) struct Scene<'a> {
    pub(crate) now: Timestamp,
    pub(crate) state: &'a State,
    pub(crate) facts: &'a FactsBook,
    pub(crate) checks: &'a Checks,
}

/// Where an offer stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) state: ClientState,
    pub(crate) reason: Reason,
    pub(crate) next: Option<Timestamp>,
    /// The release that this speaks of, where it is not the offered one.
    pub(crate) release: Option<ReleaseNumber>,
    /// The facts that would let it pass.
    pub(crate) check: Option<Stage>,
}

impl Stop {
    pub(crate) fn new(state: ClientState, reason: Reason) -> Self {
        Self { state, reason, next: None, release: None, check: None }
    }

    /// What time has in the way. What is due and has no task yet gets one at the next event.
    pub(crate) fn of_time(timing: Timing) -> Self {
        let (state, reason) = timing.obstacle().unwrap_or((ClientState::Scheduled, Reason::NotAssignedYet));
        Self::new(state, reason).until(timing.next())
    }

    fn until(self, next: Option<Timestamp>) -> Self {
        Self { next, ..self }
    }

    fn of(self, release: ReleaseNumber) -> Self {
        Self { release: Some(release), ..self }
    }

    fn checking(self, stage: Stage) -> Self {
        Self { check: Some(stage), ..self }
    }
}

/// What an offer offers, once its documents are here and nothing in them forbids it.
#[derive(Clone, Copy)]
pub(crate) struct Offered<'a> {
    pub(crate) advertisement: &'a Advertisement,
    pub(crate) release: &'a Release,
    pub(crate) program: &'a Program,
}

/// An offer whose program can start as soon as it is its turn.
#[derive(Clone, Copy)]
pub(crate) struct Ready<'a> {
    pub(crate) offered: Offered<'a>,
    pub(crate) task: &'a Task,
}

impl<'a> Scene<'a> {
    /// Takes an offer through all gates but that of its turn.
    pub(crate) fn ready(&self, name: &Name, offer: &'a Offer) -> Result<Ready<'a>, Stop> {
        self.own_run(name, offer)?;
        self.result(name, offer)?;
        let offered = self.offered(offer)?;
        let task = self.task(name, offer, offered)?;
        self.hold(task)?;
        self.content(name, offered)?;
        Ok(Ready { offered, task })
    }

    /// What may run: documents, policy, time, program and requirements allow it.
    pub(crate) fn offered(&self, offer: &'a Offer) -> Result<Offered<'a>, Stop> {
        let (advertisement, release) = self.documents(offer)?;
        self.policy()?;
        self.time(advertisement)?;
        let program = self.program(&advertisement.terms, release)?;
        self.requirement(program)?;
        Ok(Offered { advertisement, release, program })
    }

    fn own_run(&self, name: &Name, offer: &Offer) -> Result<(), Stop> {
        if let Some(run) = self.state.run.as_ref().filter(|run| run.spec.advertisement == *name) {
            let stop = match run.started_at {
                None => Stop::new(ClientState::Queued, Reason::Starting),
                Some(started_at) => {
                    let limit = started_at + Duration::from_secs(run.spec.program.max_run_time.seconds().into());
                    Stop::new(ClientState::Running, Reason::Started).until(Some(limit))
                }
            };
            return Err(stop.of(run.spec.release));
        }
        match offer.task.as_ref().and_then(|task| task.verifying.as_ref()) {
            Some(verifying) => {
                let stop = Stop::new(ClientState::Running, Reason::Verifying);
                Err(stop.of(verifying.release).checking(Stage::AfterRun))
            }
            None => Ok(()),
        }
    }

    /// The last result stands until there is something to do again, or something that this version can't act on.
    fn result(&self, name: &Name, offer: &Offer) -> Result<(), Stop> {
        let next_lacks = offer.awaits.is_some_and(|next| self.state.documents.lacking(&next).is_some());
        if offer.lacking.is_some() || next_lacks {
            return Ok(());
        }
        match self.standing_result(name, offer) {
            Some((finished, next)) => {
                Err(Stop::new(finished.state, finished.reason.clone()).until(next).of(finished.release))
            }
            None => Ok(()),
        }
    }

    /// What came of it last, while nothing is to be done, and when there is again.
    fn standing_result(&self, name: &Name, offer: &Offer) -> Option<(&Finished, Option<Timestamp>)> {
        let ledger = self.state.ledgers.get(name)?;
        let finished = ledger.finished.as_ref().filter(|_| offer.task.is_none())?;
        let terms = &self.state.documents.advertisement(&offer.entry.advertisement)?.terms;
        let is_due = matches!(self.timing(name, terms), Timing::Due { .. });
        let next = self.state.schedule(terms).next_due(&ledger.settled, self.now);
        (offer.presence != Presence::Named || !is_due).then_some((finished, next))
    }

    pub(crate) fn documents(&self, offer: &'a Offer) -> Result<(&'a Advertisement, &'a Release), Stop> {
        match offer.presence {
            Presence::Named => {}
            Presence::Unsure => return Err(self.unsure(offer)),
            Presence::Withdrawn => return Err(Stop::new(ClientState::Cancelled, Reason::Withdrawn)),
        }
        if let Some(lacking) = &offer.lacking {
            return Err(Stop::new(ClientState::Waiting, Reason::lacking(lacking)));
        }
        let advertisement = self.document(&offer.entry.advertisement, |d| self.state.documents.advertisement(d))?;
        let release = self.document(&offer.entry.release, |d| self.state.documents.release(d))?;
        if release.package != advertisement.terms.package {
            let error = format!(
                "the policy combines the advertisement {} with a release of another package, {}",
                advertisement.name, release.package
            );
            return Err(Stop::new(ClientState::Waiting, Reason::DocumentRefused { error }));
        }
        Ok((advertisement, release))
    }

    /// The next revision of an advertisement is missing, or what names it can't be read.
    fn unsure(&self, offer: &Offer) -> Stop {
        let known = offer.awaits.and_then(|digest| self.not_here(&digest));
        known.unwrap_or_else(|| Stop::new(ClientState::Waiting, Reason::AwaitingDocuments))
    }

    fn document<T>(&self, digest: &Digest, find: impl Fn(&Digest) -> Option<T>) -> Result<T, Stop> {
        let awaiting = || Stop::new(ClientState::Received, Reason::AwaitingDocuments);
        find(digest).ok_or_else(|| self.not_here(digest).unwrap_or_else(awaiting))
    }

    /// Why a document is not here, or here in vain; nothing while it is on its way.
    fn not_here(&self, digest: &Digest) -> Option<Stop> {
        if let Some(lacking) = self.state.documents.lacking(digest) {
            return Some(Stop::new(ClientState::Waiting, Reason::lacking(lacking)));
        }
        let (reason, next) = self.state.documents.failure(digest)?.reason(self.now);
        Some(Stop::new(ClientState::Waiting, reason).until(next))
    }

    pub(crate) fn policy(&self) -> Result<(), Stop> {
        let Some(policy) = &self.state.policy else { return Ok(()) };
        policy::in_force(policy, self.now).map_err(|(reason, next)| Stop::new(ClientState::Waiting, reason).until(next))
    }

    /// How it stands with time.
    pub(crate) fn timing(&self, name: &Name, terms: &AdvertisementTerms) -> Timing {
        let nothing = Settled::default();
        let settled = self.state.ledgers.get(name).map_or(&nothing, |ledger| &ledger.settled);
        self.state.schedule(terms).timing(settled, self.now)
    }

    /// It has started and has not expired.
    fn time(&self, advertisement: &Advertisement) -> Result<(), Stop> {
        match self.timing(&advertisement.name, &advertisement.terms) {
            timing @ (Timing::NotStarted { .. } | Timing::Expired { .. }) => Err(Stop::of_time(timing)),
            Timing::Optional | Timing::NotDue { .. } | Timing::Due { .. } => Ok(()),
        }
    }

    pub(crate) fn program(&self, terms: &AdvertisementTerms, release: &'a Release) -> Result<&'a Program, Stop> {
        match release.program(&terms.program) {
            None => Err(Stop::new(ClientState::Failed, Reason::NoSuchProgram)),
            Some(program) if program.disabled => Err(Stop::new(ClientState::Waiting, Reason::ProgramDisabled)),
            Some(program) => Ok(program),
        }
    }

    /// Conditions that can't be read stop a program like a requirement that is not met.
    pub(crate) fn requirement(&self, program: &Program) -> Result<(), Stop> {
        let conditions = program.requirement.iter().chain(&program.detect);
        let holds = conditions.map(|condition| self.meets(condition)).collect::<Result<Vec<_>, Stop>>()?;
        match &program.requirement {
            Some(requirement) if !holds[0] => {
                let requirement = requirement.text.clone();
                Err(Stop::new(ClientState::Rejected, Reason::RequirementNotMet { requirement }))
            }
            _ => Ok(()),
        }
    }

    /// Whether a condition holds by the facts that are known.
    fn meets(&self, condition: &Expression) -> Result<bool, Stop> {
        let Some(subject) = self.facts.known() else {
            return Err(Stop::new(ClientState::Received, Reason::TakingFacts));
        };
        subject
            .meets(condition)
            .map_err(|error| Stop::new(ClientState::Rejected, Reason::ConditionUnreadable { error }))
    }

    /// Without a task nothing is to run now; content of a later assignment is fetched ahead.
    fn task(&self, name: &Name, offer: &'a Offer, offered: Offered<'a>) -> Result<&'a Task, Stop> {
        if let Some(task) = &offer.task {
            return Ok(task);
        }
        let terms = &offered.advertisement.terms;
        if !terms.is_mandatory() {
            let is_here =
                offered.release.content.as_ref().is_none_or(|content| self.state.contents.holds(&content.digest));
            let state = if is_here { ClientState::Ready } else { ClientState::Received };
            return Err(Stop::new(state, Reason::UserDecides));
        }
        if self.fetches_ahead(name, offered) {
            self.delivery(offered)?;
        }
        Err(Stop::of_time(self.timing(name, terms)))
    }

    fn hold(&self, task: &Task) -> Result<(), Stop> {
        match task.hold.as_ref().filter(|hold| !hold.pause.is_over(self.now)) {
            Some(hold) => Err(Stop::new(hold.state, hold.reason.clone()).until(Some(hold.pause.until()))),
            None => Ok(()),
        }
    }

    /// The content is here. Before a fetch begins, fresh facts say whether the program's effect is already there.
    fn content(&self, name: &Name, offered: Offered<'_>) -> Result<(), Stop> {
        let Some(content) = &offered.release.content else { return Ok(()) };
        let contents = &self.state.contents;
        if contents.holds(&content.digest) {
            return Ok(());
        }
        let must_check = offered.program.detect.is_some() && !contents.is_fetched(&content.digest);
        if must_check && !self.checks.is_answered(name, Stage::BeforeFetch, self.facts) {
            let stop = Stop::new(ClientState::Received, Reason::TakingFacts);
            return Err(stop.checking(Stage::BeforeFetch));
        }
        self.delivery(offered)
    }

    fn delivery(&self, offered: Offered<'_>) -> Result<(), Stop> {
        match &offered.release.content {
            Some(content) if !self.state.contents.holds(&content.digest) => {
                let (state, reason, next) = self.state.contents.standing(&content.digest, self.now);
                Err(Stop::new(state, reason).until(next))
            }
            _ => Ok(()),
        }
    }

    /// The content that an offer needs: at once, or for an assignment to come.
    pub(crate) fn wanted(&self, name: &Name, offer: &'a Offer) -> Option<Content> {
        if offer.is_verifying() || self.state.runs(name) {
            return None;
        }
        let offered = match self.offered(offer) {
            Ok(offered) => offered,
            // Facts are on their way: what is being fetched goes on.
            Err(stop) if stop.reason == Reason::TakingFacts => {
                let content = self.state.documents.release(&offer.entry.release)?.content.as_ref()?;
                return self.state.contents.is_fetched(&content.digest).then(|| content.clone());
            }
            Err(_) => return None,
        };
        let is_wanted = match &offer.task {
            None => self.fetches_ahead(name, offered),
            Some(_) => !matches!(self.content(name, offered), Err(Stop { check: Some(_), .. })),
        };
        offered.release.content.clone().filter(|_| is_wanted)
    }

    /// Whether content is fetched for an assignment to come: the program would run by what is known now.
    fn fetches_ahead(&self, name: &Name, offered: Offered<'_>) -> bool {
        let terms = &offered.advertisement.terms;
        let Some(ledger) = self.state.ledgers.get(name) else { return false };
        let past = self.state.history.last(&terms.package, &terms.program);
        let is_there = offered.program.detect.as_ref().is_some_and(|detect| self.meets(detect) == Ok(true));
        let next = self.state.schedule(terms).next_due(&ledger.settled, self.now);
        next.is_some() && runs_again(terms.rerun, past) && !is_there
    }
}
