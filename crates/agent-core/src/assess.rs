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

use crate::check::{Checks, Stage};
use crate::facts::FactsBook;
use crate::history::runs_again;
use crate::ledger::Ledger;
use crate::offer::{Offer, Presence, Task};
use crate::policy;
use crate::schedule::{self, Phase};
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
        self.time(&advertisement.terms)?;
        let program = self.program(&advertisement.terms, release)?;
        self.requirement(program)?;
        Ok(Offered { advertisement, release, program })
    }

    fn own_run(&self, name: &Name, offer: &Offer) -> Result<(), Stop> {
        if let Some(run) = self.state.run.as_ref().filter(|run| run.spec.advertisement == *name) {
            let stop = match run.started_at {
                None => Stop::new(ClientState::Queued, Reason::Starting),
                Some(started_at) => {
                    let limit = started_at + Duration::from_secs(run.spec.time_limit_s.into());
                    Stop::new(ClientState::Running, Reason::Started).until(Some(limit))
                }
            };
            return Err(stop.of(run.spec.release));
        }
        match offer.task.as_ref().and_then(|task| task.verifying.as_ref()) {
            Some(verifying) => {
                let stop = Stop::new(ClientState::Running, Reason::TakingFacts);
                Err(stop.of(verifying.release).checking(Stage::AfterRun))
            }
            None => Ok(()),
        }
    }

    /// The last result stands until there is something to do again.
    fn result(&self, name: &Name, offer: &Offer) -> Result<(), Stop> {
        let Some(ledger) = self.state.ledgers.get(name) else { return Ok(()) };
        let Some(finished) = ledger.finished.as_ref().filter(|_| offer.task.is_none()) else { return Ok(()) };
        let Some(advertisement) = self.state.documents.advertisement(&offer.entry.advertisement) else { return Ok(()) };
        let terms = &advertisement.terms;
        if offer.presence == Presence::Named && is_due(terms, ledger, self.now) {
            return Ok(());
        }
        let next = schedule::next_due(terms, ledger, self.now);
        Err(Stop::new(finished.state, finished.reason.clone()).until(next).of(finished.release))
    }

    pub(crate) fn documents(&self, offer: &'a Offer) -> Result<(&'a Advertisement, &'a Release), Stop> {
        match offer.presence {
            Presence::Named => {}
            Presence::Unsure => return Err(self.unsure()),
            Presence::Withdrawn => return Err(Stop::new(ClientState::Cancelled, Reason::Withdrawn)),
        }
        let advertisement = self.document(&offer.entry.advertisement, |d| self.state.documents.advertisement(d))?;
        let release = self.document(&offer.entry.release, |d| self.state.documents.release(d))?;
        if release.package != advertisement.terms.package {
            let error = format!("the policy pairs {} with a release of {}", advertisement.name, release.package);
            return Err(Stop::new(ClientState::Waiting, Reason::DocumentRefused { error }));
        }
        Ok((advertisement, release))
    }

    /// A document is missing that may hold the next revision of an advertisement; one that fails says how.
    fn unsure(&self) -> Stop {
        let missing = self.state.policy.iter().flat_map(|policy| self.state.documents.missing(policy));
        let failure = missing.filter_map(|(digest, _)| self.state.documents.failure(&digest)).next();
        let (reason, next) = failure.map_or((Reason::AwaitingDocuments, None), |failure| failure.reason(self.now));
        Stop::new(ClientState::Waiting, reason).until(next)
    }

    fn document<T>(&self, digest: &Digest, find: impl Fn(&Digest) -> Option<T>) -> Result<T, Stop> {
        find(digest).ok_or_else(|| match self.state.documents.failure(digest) {
            None => Stop::new(ClientState::Received, Reason::AwaitingDocuments),
            Some(failure) => {
                let (reason, next) = failure.reason(self.now);
                Stop::new(ClientState::Waiting, reason).until(next)
            }
        })
    }

    pub(crate) fn policy(&self) -> Result<(), Stop> {
        let Some(policy) = &self.state.policy else { return Ok(()) };
        policy::in_force(policy, self.now).map_err(|(reason, next)| Stop::new(ClientState::Waiting, reason).until(next))
    }

    pub(crate) fn time(&self, terms: &AdvertisementTerms) -> Result<(), Stop> {
        match schedule::phase(terms, self.now) {
            Phase::Open => Ok(()),
            Phase::Before(start) => Err(Stop::new(ClientState::Scheduled, Reason::NotStarted).until(Some(start))),
            Phase::Over => Err(Stop::new(ClientState::Expired, Reason::AdvertisementExpired)),
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
        subject.meets(condition).map_err(|error| Stop::new(ClientState::Rejected, Reason::DocumentRefused { error }))
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
        let next = self.state.ledgers.get(name).and_then(|ledger| schedule::next_due(terms, ledger, self.now));
        Err(Stop::new(ClientState::Scheduled, Reason::NotAssignedYet).until(next))
    }

    fn hold(&self, task: &Task) -> Result<(), Stop> {
        match task.hold.as_ref().filter(|hold| !hold.pause.is_over(self.now)) {
            Some(hold) => Err(Stop::new(hold.state, hold.reason.clone()).until(Some(hold.pause.until()))),
            None => Ok(()),
        }
    }

    /// The content is here. Before a fetch begins, fresh facts say whether the program's effect is there already.
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
        schedule::next_due(terms, ledger, self.now).is_some() && runs_again(terms.rerun, past) && !is_there
    }
}

/// Whether an assignment is due that is not done with.
pub(crate) fn is_due(terms: &AdvertisementTerms, ledger: &Ledger, now: Timestamp) -> bool {
    schedule::phase(terms, now) == Phase::Open && !ledger.due(terms, now).is_empty()
}
