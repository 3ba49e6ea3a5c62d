//! The law that the site's explanation agrees with the agent's: of what an agent reported, whatever happened to it, both name the same
//! link and the same reason as what stands in the way, and the same next instant where that is time.
//!
//! A device lives through made-up events. Whenever the site has heard what the agent stands at, both chains are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use dray_agent_core::{
    Agent, ContentFailure, ContentFailureKind, Document, Effect, Event, Identity, NotStarted, Outcome, RunResult,
    Started, State,
};
use dray_model::advertisement::{Advertisement, AdvertisementTerms, Assignment, Rerun};
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::device::DeviceView;
use dray_model::api::package::{PackageView, ReleaseView};
use dray_model::api::why::{WhyChain, WhyHolds, WhyLink, WhyStage};
use dray_model::device::DeviceState;
use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::package::{Content, Release, ReleaseNumber};
use dray_model::policy::{AgentSettings, Policy, PolicyEntry};
use dray_model::program::{Expression, Program, Retry};
use dray_model::state::Standing;
use dray_model::status::StatusEvent;
use dray_model::{DeviceId, Digest, RunId, Timestamp, property};
use dray_query::Limits;
use dray_store::advertisement::StoredAdvertisement;
use dray_store::policy::FetchedPolicy;

use super::chain::links;
use super::scene::Scene;
use crate::package::tests::name;

const SEEDS: u64 = 150;
const STEPS: usize = 120;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()].clone()
    }
}

/// What waits for its answer.
#[expect(clippy::large_enum_variant, reason = "few of them are pending at a time")]
enum Pending {
    Effect(Effect),
    End(RunId),
}

/// A device, and what the site holds and has heard.
struct Life {
    dice: Dice,
    now: Timestamp,
    agent: Agent,
    pending: Vec<Pending>,
    documents: BTreeMap<Digest, Document>,
    advertisement: Advertisement,
    release: Release,
    policies: u64,
    facts: Option<Facts>,
    report: Option<DeviceStatusView>,
    /// Reason codes that were compared.
    compared: BTreeSet<String>,
}

fn expression(text: &str) -> Expression {
    let query = dray_expression::parse(text, &Limits::default()).unwrap();
    Expression { text: text.to_owned(), compiled: serde_json::to_value(query).unwrap() }
}

impl Life {
    fn new(seed: u64) -> Self {
        let now = Timestamp::from_secs(1_800_000_000);
        let device = Identity { device: DeviceId::from_random(1), name: name("pc") };
        let terms = AdvertisementTerms::new(name("zip"), name("install"), name("some"));
        let number = ReleaseNumber { source_version: 0, revision: 1 };
        let mut life = Self {
            dice: Dice(seed),
            now,
            agent: Agent::resume(device, State::new()).unwrap(),
            pending: Vec::new(),
            documents: BTreeMap::new(),
            advertisement: Advertisement {
                format: 1,
                name: name("now"),
                revision: 0,
                published_at: now,
                requires: Vec::new(),
                terms,
            },
            release: Release {
                format: 1,
                package: name("zip"),
                number,
                properties: Default::default(),
                content: None,
                programs: Vec::new(),
                requires: Vec::new(),
            },
            policies: 0,
            facts: None,
            report: None,
            compared: BTreeSet::new(),
        };
        life.handle(Event::Started(Started { boot_id: "boot".into(), ..Started::default() }));
        life.publish();
        life
    }

    fn step(&mut self) {
        match self.dice.below(12) {
            0 => self.publish(),
            1 => self.policy(),
            2 => {
                let advertisement = self.advertisement.name.clone();
                if self.agent.check_request(self.now, &advertisement).is_ok() {
                    self.handle(Event::UserRequested { advertisement });
                }
            }
            3 | 4 => {
                let pause = self.dice.pick(&[60, 600, 3_600, 86_400, 8 * 86_400]);
                let until = self.now + Duration::from_secs(pause);
                self.now = self.agent.next_wakeup().map_or(until, |wakeup| wakeup.clamp(self.now, until));
                self.handle(Event::Timer);
            }
            _ if self.pending.is_empty() => {}
            _ => {
                let at = usize::try_from(self.dice.below(self.pending.len() as u64)).unwrap();
                let pending = self.pending.remove(at);
                self.answer(pending);
            }
        }
        self.compare();
    }

    /// Other terms, or another program with other content; then a policy that names both.
    fn publish(&mut self) {
        let in_secs = |life: &mut Self| life.now + Duration::from_secs(life.dice.pick(&[0, 300, 7_200, 200_000]));
        let mut terms = AdvertisementTerms::new(name("zip"), name("install"), name("some"));
        terms.start = (self.dice.below(4) == 0).then(|| in_secs(self));
        terms.expires = (self.dice.below(4) == 0).then(|| in_secs(self));
        terms.rerun = self.dice.pick(&[Rerun::Never, Rerun::Always, Rerun::IfFailed, Rerun::IfSucceeded]);
        for _ in 0..self.dice.below(4) {
            let time = in_secs(self);
            terms.assignments.push(self.dice.pick(&[Assignment::AsSoonAsPossible, Assignment::At { time }]));
        }
        self.advertisement.revision += 1;
        self.advertisement.published_at = self.now;
        self.advertisement.terms = terms;
        let mut program = Program::new(name("install"), "x".parse().unwrap());
        program.retry = Retry { count: 2, interval_s: 600 };
        match self.dice.below(8) {
            0 => program.disabled = true,
            1 => program.requirement = Some(expression("platform == \"windows\"")),
            2 => program.requirement = Some(expression("platform == \"linux\"")),
            3 => program.detect = Some(expression("platform == \"linux\"")),
            4 => program.detect = Some(expression("platform == \"windows\"")),
            5 if self.dice.below(2) == 0 => program.name = name("other"),
            _ => {}
        }
        self.release.number.source_version += 1;
        let digest = Digest::of(&self.release.number.source_version.to_le_bytes());
        self.release.content =
            (self.dice.below(3) > 0).then_some(Content { digest, size_bytes: 1000, files: 1, requires: Vec::new() });
        self.release.programs = vec![program];
        self.policy();
    }

    fn policy(&mut self) {
        self.policies += 1;
        let documents = [
            Document::Advertisement(self.advertisement.clone().into()),
            Document::Release(self.release.clone().into()),
        ];
        let [advertisement, release] = documents.map(|document| {
            let digest = Digest::of(&serde_json::to_vec(&document).unwrap());
            self.documents.insert(digest, document);
            digest
        });
        let policy = Policy {
            format: Policy::FORMAT,
            device: DeviceId::from_random(1),
            number: self.policies,
            era: None,
            returned: None,
            issued_at: self.now,
            expires_at: self.now + Duration::from_secs(7 * 86_400),
            entries: vec![PolicyEntry::new(name("now"), advertisement, release).into()],
            settings: AgentSettings::default(),
        };
        self.handle(Event::PolicyReceived(policy));
    }

    fn answer(&mut self, pending: Pending) {
        let luck = self.dice.below(4);
        let event = match pending {
            Pending::End(run) => {
                let outcome = match self.dice.below(8) {
                    0 => Outcome::Signal(9),
                    1 => Outcome::TimeLimit,
                    2 => Outcome::Lost,
                    _ => Outcome::Exit(self.dice.pick(&[0, 0, 1, 75, 75, 3010])),
                };
                let result = RunResult { outcome, started_at: self.now, duration_ms: 1, output_tail: String::new() };
                Event::RunEnded { run, result }
            }
            Pending::Effect(Effect::TakeFacts { ticket }) => {
                let mut device = Table::new(Class::DEVICE);
                device.push([(property!("device.platform"), Some("linux".into()))]);
                let facts = Facts::default().with(device);
                self.facts = Some(facts.clone());
                Event::FactsTaken { ticket, facts: Arc::new(facts) }
            }
            Pending::Effect(Effect::FetchDocument { digest, .. }) if luck > 0 => {
                Event::DocumentReceived { digest, document: Box::new(self.documents[&digest].clone()) }
            }
            Pending::Effect(Effect::FetchDocument { digest, .. }) => {
                Event::DocumentFailed { digest, error: "made up".into(), refused: self.dice.below(2) == 0 }
            }
            Pending::Effect(Effect::FetchContent { content }) => return self.deliver(content.digest, luck),
            Pending::Effect(Effect::StartRun(spec)) if luck > 0 => {
                self.pending.push(Pending::End(spec.run));
                Event::RunStarted { run: spec.run }
            }
            Pending::Effect(Effect::StartRun(spec)) => {
                let because = NotStarted::DiskFull { needed_bytes: 2, free_bytes: 1 };
                Event::RunNotStarted { run: spec.run, because }
            }
            Pending::Effect(_) => return,
        };
        self.handle(event);
    }

    fn deliver(&mut self, content: Digest, luck: u64) {
        if luck < 2 {
            let kind = self.dice.pick(&[
                ContentFailureKind::SiteUnreachable,
                ContentFailureKind::NoSource,
                ContentFailureKind::SourcesFailed,
                ContentFailureKind::Damaged,
                ContentFailureKind::DiskFull { needed_bytes: 2, free_bytes: 1 },
            ]);
            let failure = ContentFailure { kind, error: "made up".into() };
            return self.handle(Event::ContentFailed { content, failure });
        }
        self.handle(Event::ContentProgress { content, done_bytes: 500, total_bytes: 1000 });
        self.compare();
        self.handle(Event::ContentReady { content, sources: Vec::new(), reused_bytes: 0, duration_ms: 1 });
    }

    fn handle(&mut self, event: Event) {
        let bits = self.dice.below(u64::MAX);
        for effect in self.agent.handle(self.now, event, bits) {
            match effect {
                Effect::Report(message) => self.receive(message.event),
                Effect::CancelFetch { content: gone } => self.pending.retain(|pending| {
                    !matches!(pending, Pending::Effect(Effect::FetchContent { content }) if content.digest == gone)
                }),
                effect => self.pending.push(Pending::Effect(effect)),
            }
        }
    }

    fn receive(&mut self, event: StatusEvent) {
        let StatusEvent::State { advertisement, package, release, program, standing, .. } = event else { return };
        self.report = Some(DeviceStatusView {
            device: DeviceId::from_random(1),
            device_name: name("pc"),
            advertisement,
            package,
            program,
            release,
            standing,
            exit_code: None,
            started_at: None,
            received_at: self.now,
        });
    }

    fn compare(&mut self) {
        let Some(view) = self.agent.standings(self.now).pop() else { return };
        let word =
            |standing: &Standing| (standing.state, standing.reason.as_ref().map(|reason| reason.code().to_owned()));
        let is_told = self.report.as_ref().is_some_and(|report| word(&report.standing) == word(&view.standing));
        // Facts and documents on their way are no news, so the site has not heard of them.
        if !is_told {
            return;
        }
        let own = self.agent.why(self.now, Some(&view.package), &view.program).remove(0).chains.remove(0);
        let theirs = self.site_chain();
        let reason = view.standing.reason.expect("no standing without a reason");
        let at = |chain: &WhyChain| chain.links.iter().find(|link| link.link == reason.stage()).cloned().unwrap();
        let context = || format!("{:?} {reason:?}\nagent {own:#?}\nsite {theirs:#?}", view.standing.state);
        assert_eq!((at(&own).holds, at(&own).code), (at(&theirs).holds, at(&theirs).code), "{}", context());
        // Of content that is fetched before its time the site can't know whether a person asked for it.
        let is_early = own.links.iter().any(|link| link.code == "requested") && view.mandatory;
        if !is_early {
            let (own_first, their_first) = (in_the_way(&own), in_the_way(&theirs));
            let named = |link: Option<&WhyLink>| link.map(|link| (link.link, link.code.clone()));
            assert_eq!(named(own_first), named(their_first), "{}", context());
            if let Some((own, theirs)) = own_first.zip(their_first).filter(|(own, _)| own.link == WhyStage::Time) {
                assert_eq!(own.next, theirs.next, "{}", context());
            }
        }
        self.compared.insert(reason.code().to_owned());
    }

    fn site_chain(&self) -> WhyChain {
        let (tag, now) = (Digest::of(b"tag"), self.now);
        let device = DeviceView {
            id: DeviceId::from_random(1),
            name: name("pc"),
            state: DeviceState::Enrolled,
            enrolled_at: now,
            seen_at: None,
            connected: true,
            facts_at: None,
            facts: None,
            collections: None,
            features: Vec::new(),
            needs_upgrade: false,
        };
        let release = ReleaseView {
            number: self.release.number,
            digest: tag,
            content: self.release.content.clone(),
            manifest: None,
            new_bytes: 0,
            not_carried: Default::default(),
            published_at: now,
        };
        let package = PackageView {
            name: name("zip"),
            revision: 1,
            properties: Default::default(),
            source: None,
            outside_links: Default::default(),
            names: Default::default(),
            programs: self.release.programs.clone(),
            release: Some(release),
            publishing: None,
            created_at: now,
            changed_at: now,
        };
        let scene = Scene {
            now,
            facts: self.facts.clone(),
            collections: vec![name("some")],
            reports: self.report.iter().cloned().collect(),
            fetched: Some(FetchedPolicy { tag, number: self.policies, fetched_at: now }),
            current: Some(tag),
            program: self.release.program(&name("install")).cloned(),
            package,
            device,
        };
        let Advertisement { name, revision, published_at, terms, .. } = self.advertisement.clone();
        let advertisement = StoredAdvertisement { name, revision, document: tag, terms, published_at };
        let member = WhyLink::new(WhyStage::Membership, WhyHolds::Yes, "member", "it is a member");
        links(&scene, &advertisement, member)
    }
}

/// The first link that stands in the way.
fn in_the_way(chain: &WhyChain) -> Option<&WhyLink> {
    chain.links.iter().find(|link| matches!(link.holds, WhyHolds::Waiting | WhyHolds::No))
}

#[test]
fn site_and_agent_name_the_same_link_and_the_same_reason() {
    let mut compared = BTreeSet::new();
    for seed in 0..SEEDS {
        let mut life = Life::new(seed);
        (0..STEPS).for_each(|_| life.step());
        compared.append(&mut life.compared);
    }
    let expected = "not_started not_assigned_yet user_decides advertisement_expired policy_expired document_refused \
                 program_disabled requirement_not_met no_such_program asking_for_sources fetching no_source \
                 site_unreachable sources_failed content_damaged disk_full no_room_to_run starting started \
                 retry_asked ran_before exit_code signal time_limit runner_lost already_present not_detected";
    for code in expected.split_ascii_whitespace() {
        assert!(compared.contains(code), "{code} never came up: {compared:?}");
    }
}
