//! A made-up computer: it keeps the agent's contract to the letter (persist, then act), and can be told to fail and to crash.
//!
//! What lies on its disk survives a crash: the persisted state, the outbox, the cache, the runs' folders with the programs in them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dray_agent_core::{
    AdvertisementView, Agent, ContentFailure, ContentFailureKind, Document, Effect, Event, Identity, NotStarted,
    Outcome, RunObservation, RunResult, RunSpec, Started, State,
};
use dray_model::facts::{Facts, Software};
use dray_model::state::{ClientState, Standing};
use dray_model::status::{SourceBytes, StatusEvent, StatusMessage};
use dray_model::{DeviceId, Digest, Name, RunId, Timestamp};

use crate::site::{Site, name};

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600;
pub const HOUR: u64 = 3600;
pub const DAY: u64 = 86_400;

pub fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(START) + Duration::from_secs(secs)
}

pub fn device() -> DeviceId {
    DeviceId::from_random(7)
}

/// What a program does when it is started.
#[derive(Debug, Clone)]
pub struct Behaviour {
    pub outcome: Outcome,
    pub takes_s: u64,
    /// Software that is installed when it ends with code 0.
    pub installs: Option<String>,
}

impl Behaviour {
    pub fn exits(code: i64) -> Self {
        Self { outcome: Outcome::Exit(code), takes_s: 30, installs: None }
    }

    pub fn installs(software: &str) -> Self {
        Self { installs: Some(software.to_owned()), ..Self::exits(0) }
    }

    pub fn taking(self, takes_s: u64) -> Self {
        Self { takes_s, ..self }
    }
}

/// A run's folder and the program in it.
#[derive(Debug, Clone)]
pub struct Folder {
    pub boot: u32,
    /// Present once the `started` mark is there.
    pub running: Option<Running>,
    pub result: Option<RunResult>,
    /// The runner was killed.
    pub lost: bool,
}

#[derive(Debug, Clone)]
pub struct Running {
    pub started_at: Timestamp,
    pub ends_at: Timestamp,
    pub behaviour: Behaviour,
}

/// Where a crash strikes while an event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    BeforePersist,
    /// After it is persisted and so many effects are carried out.
    AfterEffects(usize),
}

pub struct World {
    pub now: Timestamp,
    pub boot: u32,
    pub site: Site,
    pub facts: Facts,
    // On disk.
    kept: String,
    pub outbox: Vec<StatusMessage>,
    pub folders: BTreeMap<RunId, Folder>,
    pub cache: BTreeSet<Digest>,
    // The process.
    pub agent: Agent,
    /// Answers on their way.
    inbox: BTreeMap<(Timestamp, u64), Event>,
    counter: u64,
    // How the world behaves.
    pub behaviours: BTreeMap<Name, Vec<Behaviour>>,
    pub content_faults: Vec<ContentFailureKind>,
    pub document_faults: Vec<(String, bool)>,
    pub start_faults: Vec<NotStarted>,
    pub fetch_takes_s: u64,
    pub manual: bool,
    // What really happened.
    pub starts: Vec<RunSpec>,
    /// Effects of the last event, reports apart.
    pub effects: Vec<Effect>,
}

fn identity() -> Identity {
    Identity { device: device(), name: name("pc-7") }
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            now: at(0),
            boot: 1,
            site: Site::default(),
            facts: Facts { platform: "linux".into(), ..Facts::default() },
            kept: serde_json::to_string(&State::new()).unwrap(),
            outbox: Vec::new(),
            folders: BTreeMap::new(),
            cache: BTreeSet::new(),
            agent: Agent::resume(identity(), State::new()).unwrap(),
            inbox: BTreeMap::new(),
            counter: 0,
            behaviours: BTreeMap::new(),
            content_faults: Vec::new(),
            document_faults: Vec::new(),
            start_faults: Vec::new(),
            fetch_takes_s: 5,
            manual: false,
            starts: Vec::new(),
            effects: Vec::new(),
        };
        world.restart_agent();
        world
    }

    /// The process ends at once and is started again.
    pub fn restart_agent(&mut self) {
        self.inbox.clear();
        let state: State = serde_json::from_str(&self.kept).unwrap();
        self.agent = Agent::resume(identity(), state).unwrap();
        let started = Started {
            boot_id: format!("boot {}", self.boot),
            runs: self.folders.iter().map(|(id, folder)| (*id, self.observe(folder))).collect(),
            contents: self.cache.clone(),
        };
        self.handle(Event::Started(started));
        self.watch_running();
    }

    /// The computer restarts: programs die with it.
    pub fn restart_computer(&mut self) {
        self.settle_folders();
        self.boot += 1;
        self.restart_agent();
    }

    fn observe(&self, folder: &Folder) -> RunObservation {
        match (&folder.result, &folder.running) {
            (Some(result), _) => RunObservation::Ended(result.clone()),
            (None, None) => RunObservation::NotStarted,
            (None, Some(_)) if folder.boot != self.boot => RunObservation::Interrupted,
            (None, Some(_)) if folder.lost => RunObservation::Lost,
            (None, Some(_)) => RunObservation::Running,
        }
    }

    /// Programs whose time is over leave their result, whether or not the agent looks.
    fn settle_folders(&mut self) {
        let (now, boot) = (self.now, self.boot);
        for folder in self.folders.values_mut() {
            let Some(running) = folder.running.as_ref().filter(|_| folder.result.is_none() && !folder.lost) else {
                continue;
            };
            if running.ends_at > now || folder.boot != boot {
                continue;
            }
            let duration_ms = running.behaviour.takes_s * 1000;
            let outcome = running.behaviour.outcome.clone();
            if let (Some(software), Outcome::Exit(0)) = (&running.behaviour.installs, &outcome) {
                self.facts.software.push(Software { name: software.clone(), version: "1".into() });
            }
            let (started_at, output_tail) = (running.started_at, "output".to_owned());
            folder.result = Some(RunResult { outcome, started_at, duration_ms, output_tail });
        }
    }

    fn watch_running(&mut self) {
        let running = self.folders.iter().filter(|(_, folder)| self.observe(folder) == RunObservation::Running);
        let ends: Vec<_> = running.map(|(id, folder)| (*id, folder.running.as_ref().unwrap().ends_at)).collect();
        for (run, ends_at) in ends {
            self.watch(run, ends_at);
        }
    }

    fn watch(&mut self, run: RunId, ends_at: Timestamp) {
        // The result is filled in when it is delivered.
        let nothing =
            RunResult { outcome: Outcome::Lost, started_at: ends_at, duration_ms: 0, output_tail: String::new() };
        self.later(ends_at, Event::RunEnded { run, result: nothing });
    }

    fn later(&mut self, when: Timestamp, event: Event) {
        self.counter += 1;
        self.inbox.insert((when.max(self.now), self.counter), event);
    }

    /// Lets the agent handle an event, as the shell does it.
    pub fn handle(&mut self, event: Event) {
        self.handle_until(event, None);
    }

    /// As [`World::handle`], but the process dies at a point.
    pub fn handle_until(&mut self, event: Event, crash: Option<CrashPoint>) {
        self.counter += 1;
        let bits = self.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let effects = self.agent.handle(self.now, event, bits);
        if crash == Some(CrashPoint::BeforePersist) {
            return;
        }
        self.kept = serde_json::to_string(self.agent.state()).unwrap();
        let (reports, effects): (Vec<_>, Vec<_>) = effects.into_iter().partition(|e| matches!(e, Effect::Report(_)));
        self.outbox.extend(reports.into_iter().map(|report| match report {
            Effect::Report(message) => message,
            _ => unreachable!("partitioned"),
        }));
        let limit = match crash {
            Some(CrashPoint::AfterEffects(limit)) => limit,
            _ => usize::MAX,
        };
        self.effects = effects.clone();
        for effect in effects.into_iter().take(limit) {
            if !self.manual {
                self.carry_out(effect);
            }
        }
    }

    pub fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Report(_) | Effect::PolicyRefused(_) | Effect::CancelFetch { .. } => {}
            Effect::TakeFacts { ticket } => {
                let facts = Box::new(self.facts.clone());
                self.later(self.now + Duration::from_secs(1), Event::FactsTaken { ticket, facts });
            }
            Effect::FetchDocument { digest, .. } => self.fetch_document(digest),
            Effect::FetchContent { content } => self.fetch_content(content.digest),
            Effect::RemoveContent { content } => drop(self.cache.remove(&content)),
            Effect::StartRun(spec) => self.start_run(*spec),
            Effect::VoidRun { run } => {
                let started = self.folders.get(&run).is_some_and(|folder| folder.running.is_some());
                assert!(!started, "the agent looked before: it can't have been started since");
                self.folders.remove(&run);
                self.later(self.now, Event::RunNotStarted { run, because: NotStarted::Voided });
            }
            Effect::RemoveRun { run } => drop(self.folders.remove(&run)),
        }
    }

    fn fetch_document(&mut self, digest: Digest) {
        let when = self.now + Duration::from_secs(1);
        let event = match self.document_faults.pop() {
            Some((error, refused)) => Event::DocumentFailed { digest, error, refused },
            None => match self.site.documents.get(&digest) {
                Some(document) => Event::DocumentReceived { digest, document: Box::new(document.clone()) },
                None => Event::DocumentFailed { digest, error: "404".into(), refused: false },
            },
        };
        self.later(when, event);
    }

    fn fetch_content(&mut self, content: Digest) {
        if self.cache.contains(&content) {
            let event = Event::ContentReady { content, sources: vec![], reused_bytes: 0, duration_ms: 0 };
            return self.later(self.now, event);
        }
        let when = self.now + Duration::from_secs(self.fetch_takes_s);
        if let Some(kind) = self.content_faults.pop() {
            let failure = ContentFailure { kind, error: "made up".into() };
            return self.later(when, Event::ContentFailed { content, failure });
        }
        let half = self.now + Duration::from_secs(self.fetch_takes_s / 2);
        self.later(half, Event::ContentProgress { content, done_bytes: 500, total_bytes: 1000 });
        let sources = vec![SourceBytes { source: name("site"), bytes: 1000 }];
        let duration_ms = self.fetch_takes_s * 1000;
        self.later(when, Event::ContentReady { content, sources, reused_bytes: 0, duration_ms });
    }

    fn start_run(&mut self, spec: RunSpec) {
        let run = spec.run;
        let started = self.folders.get(&run).is_some_and(|folder| folder.running.is_some());
        assert!(!started, "StartRun for a run that was started: {run}");
        if let Some(because) = self.start_faults.pop() {
            if matches!(because, NotStarted::ContentLost { .. }) {
                spec.content.iter().for_each(|content| drop(self.cache.remove(content)));
            }
            return self.later(self.now, Event::RunNotStarted { run, because });
        }
        if let Some(content) = spec.content.filter(|content| !self.cache.contains(content)) {
            let because = NotStarted::ContentLost { error: format!("{} is gone", content.short()) };
            return self.later(self.now, Event::RunNotStarted { run, because });
        }
        let behaviour = self.behave(&spec.package);
        let ends_at = self.now + Duration::from_secs(behaviour.takes_s);
        let running = Some(Running { started_at: self.now, ends_at, behaviour });
        self.folders.insert(run, Folder { boot: self.boot, running, result: None, lost: false });
        self.starts.push(spec);
        self.later(self.now, Event::RunStarted { run });
        self.watch(run, ends_at);
    }

    fn behave(&mut self, package: &Name) -> Behaviour {
        let list = self.behaviours.entry(package.clone()).or_default();
        match list.len() {
            0 => Behaviour::exits(0),
            1 => list[0].clone(),
            _ => list.remove(0),
        }
    }

    /// The next thing that happens, at its time; none before `limit`.
    pub fn next_event(&mut self, limit: Timestamp) -> Option<Event> {
        let answer = self.inbox.keys().next().map(|(when, _)| *when);
        let next = answer.into_iter().chain(self.agent.next_wakeup()).min().filter(|next| *next <= limit);
        let Some(next) = next else {
            self.now = limit;
            self.settle_folders();
            return None;
        };
        self.now = next.max(self.now);
        self.settle_folders();
        let first = answer.filter(|answer| *answer == next).and_then(|_| self.inbox.pop_first());
        match first.map(|(_, event)| event) {
            Some(Event::RunEnded { run, .. }) => Some(
                self.folders
                    .get(&run)
                    .and_then(|folder| folder.result.clone())
                    .map_or(Event::Timer, |result| Event::RunEnded { run, result }),
            ),
            Some(Event::ContentReady { content, sources, reused_bytes, duration_ms }) => {
                self.cache.insert(content);
                Some(Event::ContentReady { content, sources, reused_bytes, duration_ms })
            }
            Some(event) => Some(event),
            None => Some(Event::Timer),
        }
    }

    /// Lives until an instant.
    pub fn live_until(&mut self, limit: Timestamp) {
        let mut steps = 0;
        while let Some(event) = self.next_event(limit) {
            self.handle(event);
            steps += 1;
            assert!(steps < 20_000, "the world does not come to rest before {limit}");
        }
    }

    pub fn live(&mut self, secs: u64) {
        self.live_until(self.now + Duration::from_secs(secs));
    }

    /// Signs and delivers the policy.
    pub fn send_policy(&mut self) {
        let policy = self.site.policy(device(), self.now);
        self.handle(Event::PolicyReceived(policy));
    }

    pub fn request(&mut self, advertisement: &str) {
        self.agent.check_request(self.now, &name(advertisement)).unwrap();
        self.handle(Event::UserRequested { advertisement: name(advertisement) });
    }

    pub fn view(&self, advertisement: &str) -> AdvertisementView {
        let views = self.agent.standings(self.now);
        views.into_iter().find(|view| view.name.as_str() == advertisement).expect("an advertisement that is there")
    }

    pub fn standing(&self, advertisement: &str) -> Standing {
        self.view(advertisement).standing
    }

    /// State and reason code.
    pub fn words(&self, advertisement: &str) -> (ClientState, &'static str) {
        let standing = self.standing(advertisement);
        (standing.state, standing.reason.expect("a reason").code())
    }

    /// Told states of an advertisement, as words.
    pub fn told(&self, advertisement: &str) -> Vec<String> {
        let words = self.outbox.iter().filter_map(|message| match &message.event {
            StatusEvent::State { advertisement: of, standing, .. } if of.as_str() == advertisement => {
                Some(format!("{} {}", standing.state, standing.reason.as_ref().unwrap().code()))
            }
            _ => None,
        });
        words.collect()
    }

    pub fn count_starts(&self, package: &str) -> usize {
        self.starts.iter().filter(|spec| spec.package.as_str() == package).count()
    }

    pub fn document(&self, digest: &Digest) -> &Document {
        &self.site.documents[digest]
    }
}
