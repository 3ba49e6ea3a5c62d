//! A computer and its site for ten days of virtual time, made up from a seed: policies, faults, crashes at any point, wrong clocks. Then
//! five quiet days in which everything must come to rest. A seed that fails becomes a test with a name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dray_agent_core::{ContentFailureKind, Event, NotStarted, Outcome};
use dray_model::advertisement::{AdvertisementTerms, Assignment, Rerun};
use dray_model::policy::Policy;
use dray_model::program::{ExitClass, Program, Retry};
use dray_model::state::Reason;
use dray_model::status::StatusEvent;
use dray_model::{Name, RunId, Timestamp};
use proptest::prelude::*;

use crate::site::{content, expression, installed, name, program, terms};
use crate::world::{Behaviour, CrashPoint, DAY, HOUR, World, at, device};

const PACKAGES: [&str; 4] = ["p0", "p1", "p2", "p3"];
const ADVERTISEMENTS: [&str; 6] = ["a0", "a1", "a2", "a3", "a4", "a5"];
const ROUGH: u64 = 10 * DAY;
const QUIET: u64 = 15 * DAY;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()].clone()
    }
}

struct Simulation {
    dice: Dice,
    world: World,
    crashes: bool,
    policy: Option<Policy>,
    versions: BTreeMap<&'static str, u32>,
    revisions: BTreeMap<&'static str, u32>,
    /// Every assignment that an advertisement ever had; another advertisement with the same name counts as a new one.
    assigned: BTreeMap<Name, BTreeSet<(u32, Assignment)>>,
    generation: BTreeMap<Name, u32>,
    requests: BTreeMap<Name, usize>,
    /// Terms by the number of the policy that named them.
    promised: BTreeMap<u64, BTreeMap<Name, AdvertisementTerms>>,
    current: BTreeMap<Name, AdvertisementTerms>,
    checked_starts: usize,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut simulation = Self {
            dice: Dice(seed),
            world: World::new(),
            crashes: true,
            policy: None,
            versions: BTreeMap::new(),
            revisions: BTreeMap::new(),
            assigned: BTreeMap::new(),
            generation: BTreeMap::new(),
            requests: BTreeMap::new(),
            promised: BTreeMap::new(),
            current: BTreeMap::new(),
            checked_starts: 0,
        };
        simulation.world.site.settings.inventory_interval_s = 6 * 3600;
        for package in PACKAGES {
            simulation.release(package);
        }
        simulation
    }

    fn run(&mut self) {
        let end = at(ROUGH);
        while self.world.now < end {
            let pause = Duration::from_secs(60 + self.dice.below(4 * HOUR));
            self.live_until((self.world.now + pause).min(end));
            self.act();
        }
        self.make_peace();
        while self.world.now < at(QUIET) {
            self.send_policy();
            self.live_until(self.world.now + Duration::from_secs(DAY));
        }
        self.check_rest();
    }

    /// Something happens at the site or at the computer.
    fn act(&mut self) {
        match self.dice.below(14) {
            0..3 => self.advertise(),
            3 => self.withdraw(),
            4 => {
                let package = self.dice.pick(&PACKAGES);
                self.release(package);
            }
            5..7 => self.request(),
            7 => self.world.restart_agent(),
            8 => self.world.restart_computer(),
            9 => self.kill_runner(),
            10 => self.spoil_cache(),
            11 => self.break_things(),
            12 => {
                let off = [
                    -10 * 365 * DAY.cast_signed(),
                    -3600,
                    0,
                    0,
                    3600,
                    3 * DAY.cast_signed(),
                    10 * 365 * DAY.cast_signed(),
                ];
                let off_s = self.dice.pick(&off);
                self.world.set_clock(off_s);
            }
            _ => {}
        }
        self.check_always();
        if self.dice.one_in(2) {
            self.send_policy();
        }
        self.check_always();
    }

    fn live_until(&mut self, limit: Timestamp) {
        let mut steps = 0;
        while let Some(event) = self.world.next_event(limit) {
            steps += 1;
            assert!(steps < 20_000, "no rest before {limit}");
            self.handle(event);
        }
    }

    fn handle(&mut self, event: Event) {
        let crash = (self.crashes && self.dice.one_in(12)).then(|| match self.dice.below(4) {
            0 => CrashPoint::BeforePersist,
            n => CrashPoint::AfterEffects(usize::try_from(n).unwrap() - 1),
        });
        self.world.handle_until(event, crash);
        self.check_always();
        if crash.is_some() {
            if self.dice.one_in(4) {
                let away = Duration::from_secs(self.dice.below(12 * HOUR));
                self.world.be_away_until(self.world.now + away);
            }
            if self.dice.one_in(3) {
                self.world.restart_computer();
            } else {
                self.world.restart_agent();
            }
            self.check_always();
            // The shell's policy request brings the policy again.
            if let Some(policy) = self.policy.clone() {
                self.world.handle(Event::PolicyReceived(policy));
                self.check_always();
            }
        }
    }

    fn release(&mut self, package: &'static str) {
        let version = self.versions.entry(package).or_default();
        *version += 1;
        let version = *version;
        let mut install = program("install");
        install.retry = Retry { count: 2, interval_s: 600 };
        self.vary(&mut install, package);
        let content = (!self.dice.one_in(3)).then(|| content(package, version));
        self.world.site.release(package, version, content, &[install]);
        let takes_s = 1 + self.dice.below(HOUR);
        let exits = [0, 0, 0, 0, 1, 75, 3010].map(Behaviour::exits);
        let mut behaviours =
            vec![Behaviour::installs(package), Behaviour { outcome: Outcome::Signal(9), ..Behaviour::exits(0) }];
        behaviours.extend(exits);
        let list = (0..3).map(|_| self.dice.pick(&behaviours).taking(takes_s)).collect();
        self.world.behaviours.insert(name(package), list);
    }

    fn vary(&mut self, install: &mut Program, package: &str) {
        match self.dice.below(12) {
            0 => install.disabled = true,
            1 => install.requirement = Some(expression("platform == \"windows\"")),
            2 => install.requirement = Some(expression("platform == \"linux\"")),
            3 | 4 => install.detect = Some(installed(package)),
            _ => {}
        }
    }

    fn advertise(&mut self) {
        let advertisement = self.dice.pick(&ADVERTISEMENTS);
        let package = self.dice.pick(&PACKAGES);
        let mut terms = terms(package, "install", &[]);
        for _ in 0..self.dice.below(4) {
            let time = at(self.dice.below(ROUGH));
            terms.assignments.push(if self.dice.one_in(2) {
                Assignment::AsSoonAsPossible
            } else {
                Assignment::At { time }
            });
        }
        terms.rerun = self.dice.pick(&[Rerun::Never, Rerun::Always, Rerun::IfFailed, Rerun::IfSucceeded]);
        terms.start = self.dice.one_in(3).then(|| at(self.dice.below(ROUGH)));
        terms.expires = self.dice.one_in(4).then(|| at(self.dice.below(QUIET)));
        let revision = self.revisions.entry(advertisement).or_default();
        *revision += 1;
        if self.dice.one_in(10) {
            *revision = 1;
            *self.generation.entry(name(advertisement)).or_default() += 1;
        }
        let generation = self.generation.get(&name(advertisement)).copied().unwrap_or_default();
        let assigned = self.assigned.entry(name(advertisement)).or_default();
        assigned.extend(terms.assignments.iter().map(|one| (generation, *one)));
        self.current.insert(name(advertisement), terms.clone());
        self.world.site.advertise(advertisement, *revision, self.world.now, terms);
    }

    fn withdraw(&mut self) {
        let advertisement = self.dice.pick(&ADVERTISEMENTS);
        self.world.site.withdraw(advertisement);
        self.current.remove(&name(advertisement));
    }

    fn send_policy(&mut self) {
        let policy = self.world.site.policy(device(), self.world.now);
        self.promised.insert(policy.number, self.current.clone());
        self.policy = Some(policy.clone());
        self.handle(Event::PolicyReceived(policy));
    }

    fn request(&mut self) {
        let advertisement = name(self.dice.pick(&ADVERTISEMENTS));
        if self.world.agent.check_request(self.world.clock(), &advertisement).is_ok() {
            *self.requests.entry(advertisement.clone()).or_default() += 1;
            self.handle(Event::UserRequested { advertisement });
        }
    }

    fn kill_runner(&mut self) {
        for folder in
            self.world.folders.values_mut().filter(|folder| folder.running.is_some() && folder.result.is_none())
        {
            folder.lost = true;
        }
        self.world.restart_agent();
    }

    fn spoil_cache(&mut self) {
        if let Some(content) = self.world.cache.pop_first() {
            self.handle(Event::ContentLost { content, error: "spoilt".into() });
        }
    }

    fn break_things(&mut self) {
        let kinds = [
            ContentFailureKind::SiteUnreachable,
            ContentFailureKind::NoSource,
            ContentFailureKind::SourcesFailed,
            ContentFailureKind::Damaged,
            ContentFailureKind::DiskFull { needed_bytes: 2, free_bytes: 1 },
            ContentFailureKind::Unsupported { requires: vec!["owners".into()] },
        ];
        self.world.content_faults = (0..self.dice.below(6)).map(|_| self.dice.pick(&kinds)).collect();
        self.world.document_faults =
            (0..self.dice.below(4)).map(|_| ("made up".to_owned(), self.dice.one_in(3))).collect();
        let reasons = [
            NotStarted::DiskFull { needed_bytes: 2, free_bytes: 1 },
            NotStarted::ContentLost { error: "spoilt".into() },
        ];
        self.world.start_faults = (0..self.dice.below(3)).map(|_| self.dice.pick(&reasons)).collect();
    }

    fn make_peace(&mut self) {
        self.crashes = false;
        self.world.content_faults.clear();
        self.world.document_faults.clear();
        self.world.start_faults.clear();
        self.world.set_clock(0);
        self.check_always();
    }

    /// What holds at any time.
    fn check_always(&mut self) {
        let clock = self.world.clock();
        for view in self.world.agent.standings(clock) {
            let reason = view.standing.reason.as_ref().expect("no standing without a reason");
            let is_timed = matches!(reason, Reason::NotStarted | Reason::RetryAsked { .. } | Reason::ClockWrong);
            assert!(!is_timed || view.standing.next.is_some(), "{} {reason:?} has no next", view.name);
        }
        let numbers = self.world.outbox.iter().map(|message| message.number);
        assert!(numbers.eq(1..=self.world.outbox.len() as u64), "a number was lost or given twice");
        self.check_starts(clock);
        self.check_why();
    }

    /// The explanation names what the device reports, at the link that it belongs to.
    fn check_why(&self) {
        let clock = self.world.handled_at;
        for view in self.world.agent.standings(clock) {
            let reason = view.standing.reason.expect("no standing without a reason");
            let answers = self.world.agent.why(clock, Some(&view.package), &view.program);
            let chain = answers.iter().flat_map(|why| &why.chains).find(|chain| chain.advertisement == view.name);
            let links = &chain.expect("a chain for every standing").links;
            let link = links.iter().find(|link| link.link == reason.stage()).expect("every link is there");
            assert_eq!(link.code, reason.code(), "{} {reason:?} {links:#?}", view.name);
        }
    }

    /// Nothing starts that may not, and nothing beside another program.
    fn check_starts(&mut self, clock: Timestamp) {
        for spec in &self.world.starts[self.checked_starts..] {
            let policy = self.world.agent.policy().expect("nothing starts without a policy");
            assert!(clock < policy.expires_at, "started by an expired policy");
            let terms = self.promised[&policy.number].get(&spec.advertisement);
            let terms = terms.unwrap_or_else(|| panic!("{} was withdrawn", spec.advertisement));
            assert!(terms.start.is_none_or(|start| start <= clock), "started before its start");
            assert!(
                terms.expires.is_none_or(|expires| clock < expires),
                "{spec:?} started after its expiry {terms:?} {clock} off {}",
                self.world.clock_off_s
            );
            assert_eq!(terms.package, spec.package);
        }
        self.checked_starts = self.world.starts.len();
        let boot = self.world.boot;
        let alive = self
            .world
            .folders
            .values()
            .filter(|f| f.boot == boot && f.result.is_none() && !f.lost && f.running.is_some());
        assert!(alive.count() <= 1, "two programs run");
    }

    /// What holds once everything has come to rest.
    fn check_rest(&self) {
        let started: Vec<RunId> = self.world.starts.iter().map(|spec| spec.run).collect();
        assert_eq!(started.iter().collect::<BTreeSet<_>>().len(), started.len(), "a run was started twice");
        let mut ended = Vec::new();
        let mut completed: BTreeMap<&Name, usize> = BTreeMap::new();
        for message in &self.world.outbox {
            if let StatusEvent::Executed { run, advertisement, class, .. } = &message.event {
                ended.push(*run);
                *completed.entry(advertisement).or_default() += usize::from(*class != ExitClass::Retry);
            }
        }
        assert_eq!(ended, started, "every run is told once, in order");
        for (advertisement, completed) in completed {
            let assigned = self.assigned[advertisement].len();
            let requested = self.requests.get(advertisement).copied().unwrap_or_default();
            assert!(
                completed <= assigned + requested,
                "{advertisement} ran {completed} times for {assigned} + {requested}"
            );
        }
        assert!(self.world.folders.is_empty(), "folders are left");
        let views = self.world.agent.standings(self.world.clock());
        let names: BTreeSet<Name> = views.iter().map(|view| view.name.clone()).collect();
        assert_eq!(names, self.current.keys().cloned().collect(), "the offers are those of the policy");
        for view in views {
            let waits = matches!(
                view.standing.reason,
                Some(Reason::UserDecides | Reason::ProgramDisabled | Reason::NotStarted | Reason::NotAssignedYet)
            );
            assert!(
                view.standing.state.is_final() || waits,
                "{} does not come to rest: {:?}",
                view.name,
                view.standing
            );
        }
    }
}

/// Enough for every run; `PROPTEST_CASES` asks for more.
fn seeds() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(32)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: seeds(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_nothing_runs_twice_nothing_is_lost_and_everything_comes_to_rest(seed in any::<u64>()) {
        Simulation::new(seed).run();
    }
}
