//! A made-up computer: it keeps the agent's contract to the letter (persist, then act), and can be told to fail and to crash.
//!
//! What lies on its disk survives a crash: the persisted state, the outbox, the cache, the runs' folders with the programs in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dray_agent_core::{
    AdvertisementView, Agent, ContentFailure, ContentFailureKind, Effect, Event, Identity, NotStarted, Outcome,
    RunObservation, RunResult, RunSpec, Started, State,
};
use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::state::{ClientState, Standing};
use dray_model::status::{SourceBytes, StatusEvent, StatusMessage};
use dray_model::{DeviceId, Digest, Name, RunId, Timestamp, class, property};
use dray_schedule::Zone;

use crate::site::{Site, name};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_767_225_600;
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 86_400;

pub(crate) fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(START) + Duration::from_secs(secs)
}

pub(crate) fn device() -> DeviceId {
    DeviceId::from_random(7)
}

/// What a program does when it is started.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    pub(crate) outcome: Outcome,
    pub(crate) takes_s: u64,
    /// Software that is installed when it ends with code 0.
    pub(crate) installs: Option<String>,
}

impl Behaviour {
    pub(crate) fn exits(code: i64) -> Self {
        Self { outcome: Outcome::Exit(code), takes_s: 30, installs: None }
    }

    pub(crate) fn installs(software: &str) -> Self {
        Self { installs: Some(software.to_owned()), ..Self::exits(0) }
    }

    pub(crate) fn taking(self, takes_s: u64) -> Self {
        Self { takes_s, ..self }
    }
}

/// A run's folder and the program in it.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) boot: u32,
    /// Present once the `started` mark is there.
    pub(crate) running: Option<Running>,
    pub(crate) result: Option<RunResult>,
    /// The runner was killed.
    pub(crate) lost: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) started_at: Timestamp,
    pub(crate) ends_at: Timestamp,
    pub(crate) behaviour: Behaviour,
}

/// Where a crash strikes while an event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    BeforePersist,
    /// After it is persisted and so many effects are carried out.
    AfterEffects(usize),
}

pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// How far the computer's clock is off, in seconds.
    pub(crate) clock_off_s: i64,
    pub(crate) boot: u32,
    pub(crate) site: Site,
    pub(crate) facts: Facts,
    // On disk.
    pub(crate) kept: State,
    pub(crate) outbox: Vec<StatusMessage>,
    pub(crate) folders: BTreeMap<RunId, Folder>,
    pub(crate) cache: BTreeSet<Digest>,
    // The process.
    pub(crate) agent: Agent,
    /// What the clock said when it last handled an event.
    pub(crate) handled_at: Timestamp,
    /// Answers on their way.
    inbox: BTreeMap<(Timestamp, u64), Event>,
    counter: u64,
    // How the world behaves.
    pub(crate) behaviours: BTreeMap<Name, Vec<Behaviour>>,
    pub(crate) content_faults: Vec<ContentFailureKind>,
    pub(crate) document_faults: Vec<(String, bool)>,
    pub(crate) start_faults: Vec<NotStarted>,
    pub(crate) fetch_takes_s: u64,
    pub(crate) manual: bool,
    // What really happened.
    pub(crate) starts: Vec<RunSpec>,
    /// Effects of the last event, reports apart.
    pub(crate) effects: Vec<Effect>,
}

/// Facts of a computer of this platform.
pub(crate) fn on(platform: &str) -> Facts {
    Facts::default().with(Table::new(Class::DEVICE).with([(property!("device.platform"), platform.into())]))
}

fn install(facts: &mut Facts, software: &str) {
    let installed = facts.table(class!("software")).clone();
    facts.set(
        installed.with([(property!("software.name"), software.into()), (property!("software.version"), "1".into())]),
    );
}

fn identity() -> Identity {
    Identity { device: device(), name: name("pc-7") }
}

impl World {
    /// Somebody installs software by hand.
    pub(crate) fn install(&mut self, software: &str) {
        install(&mut self.facts, software);
    }

    pub(crate) fn new() -> Self {
        let mut world = Self {
            now: at(0),
            clock_off_s: 0,
            boot: 1,
            site: Site::default(),
            facts: on("linux"),
            kept: State::new(),
            outbox: Vec::new(),
            folders: BTreeMap::new(),
            cache: BTreeSet::new(),
            agent: Agent::resume(identity(), State::new()).unwrap(),
            handled_at: at(0),
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

    /// What the computer's clock says.
    pub(crate) fn clock(&self) -> Timestamp {
        Timestamp::from_micros(self.now.micros() + self.clock_off_s * 1_000_000)
    }

    /// Sets the clock wrong by so many seconds.
    pub(crate) fn set_clock(&mut self, off_s: i64) {
        self.clock_off_s = off_s;
        self.handle(Event::Timer);
    }

    fn wakeup(&self) -> Option<Timestamp> {
        let wakeup = self.agent.next_wakeup()?;
        assert!(wakeup > self.clock(), "a timer that has run out");
        Some(Timestamp::from_micros(wakeup.micros() - self.clock_off_s * 1_000_000))
    }

    /// The process ends at once and is started again.
    pub(crate) fn restart_agent(&mut self) {
        self.inbox.clear();
        let text = serde_json::to_string(&self.kept).unwrap();
        let state: State = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), text, "the state reads back");
        self.agent = Agent::resume(identity(), state).unwrap();
        let started = Started {
            boot_id: format!("boot {}", self.boot),
            runs: self.folders.iter().map(|(id, folder)| (*id, self.observe(folder))).collect(),
            contents: self.cache.clone(),
            zone: Zone::UTC,
        };
        self.handle(Event::Started(started));
        self.watch_running();
    }

    /// The computer restarts: programs die with it.
    pub(crate) fn restart_computer(&mut self) {
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
                install(&mut self.facts, software);
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
    pub(crate) fn handle(&mut self, event: Event) {
        self.handle_until(event, None);
    }

    /// As [`World::handle`], but the process dies at a point.
    pub(crate) fn handle_until(&mut self, event: Event, crash: Option<CrashPoint>) {
        self.counter += 1;
        let bits = self.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.handled_at = self.clock();
        let effects = self.agent.handle(self.handled_at, event, bits);
        if crash == Some(CrashPoint::BeforePersist) {
            return;
        }
        self.kept = self.agent.state().clone();
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

    pub(crate) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Report(_)
            | Effect::PolicyRefused(_)
            | Effect::PolicyTaken
            | Effect::SiteReturned
            | Effect::CancelFetch { .. } => {}
            Effect::TakeFacts { ticket } => {
                let facts = Arc::new(self.facts.clone());
                self.later(self.now + Duration::from_secs(1), Event::FactsTaken { ticket, facts });
            }
            Effect::FetchDocument { digest, .. } => self.fetch_document(digest),
            Effect::FetchContent { content } => self.fetch_content(content.digest),
            Effect::RemoveContent { content } => drop(self.cache.remove(&content)),
            Effect::StartRun(spec) => self.start_run(*spec),
            Effect::VoidRun { run } => {
                let started = self.folders.get(&run).is_some_and(|folder| folder.running.is_some());
                assert!(!started, "the agent looked before: it cannot have been started since");
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
                spec.content.iter().for_each(|content| {
                    self.cache.remove(content);
                });
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
    pub(crate) fn next_event(&mut self, limit: Timestamp) -> Option<Event> {
        let answer = self.inbox.keys().next().map(|(when, _)| *when);
        let next = answer.into_iter().chain(self.wakeup()).min().filter(|next| *next <= limit);
        let Some(next) = next else {
            self.now = self.now.max(limit);
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

    /// The agent does not run until an instant; programs do.
    pub(crate) fn be_away_until(&mut self, until: Timestamp) {
        self.now = until;
        self.settle_folders();
    }

    /// Lives until an instant.
    pub(crate) fn live_until(&mut self, limit: Timestamp) {
        let mut steps = 0;
        while let Some(event) = self.next_event(limit) {
            self.handle(event);
            steps += 1;
            assert!(steps < 20_000, "the world does not come to rest before {limit}");
        }
    }

    pub(crate) fn live(&mut self, secs: u64) {
        self.live_until(self.now + Duration::from_secs(secs));
    }

    /// Signs and delivers the policy.
    pub(crate) fn send_policy(&mut self) {
        let policy = self.site.policy(device(), self.now);
        self.handle(Event::PolicyReceived(policy));
    }

    pub(crate) fn request(&mut self, advertisement: &str) {
        self.agent.check_request(self.clock(), &name(advertisement)).unwrap();
        self.handle(Event::UserRequested { advertisement: name(advertisement) });
    }

    pub(crate) fn view(&self, advertisement: &str) -> AdvertisementView {
        let views = self.agent.standings(self.clock());
        views.into_iter().find(|view| view.name.as_str() == advertisement).expect("an advertisement that is there")
    }

    pub(crate) fn standing(&self, advertisement: &str) -> Standing {
        self.view(advertisement).standing
    }

    /// State and reason code.
    pub(crate) fn words(&self, advertisement: &str) -> (ClientState, &'static str) {
        let standing = self.standing(advertisement);
        let code = standing.reason.expect("a reason").code().to_owned();
        // Tests compare with literals.
        (standing.state, code.leak())
    }

    /// Told states of an advertisement, as words.
    pub(crate) fn told(&self, advertisement: &str) -> Vec<String> {
        let words = self.outbox.iter().filter_map(|message| match &message.event {
            StatusEvent::State { advertisement: of, standing, .. } if of.as_str() == advertisement => {
                Some(format!("{} {}", standing.state, standing.reason.as_ref().unwrap().code()))
            }
            _ => None,
        });
        words.collect()
    }

    pub(crate) fn count_starts(&self, package: &str) -> usize {
        self.starts.iter().filter(|spec| spec.package.as_str() == package).count()
    }
}
