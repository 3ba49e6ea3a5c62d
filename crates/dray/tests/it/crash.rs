//! Processes are killed at any moment and started again; every program runs exactly once, every report arrives once.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::fleet::{Fleet, Service, pause, until};

const AGENTS: [&str; 2] = ["agent-1", "agent-2"];
const PACKAGES: usize = 3;
/// Programs of each package; one is advertised in each round.
const ROUNDS: usize = 8;
/// Large enough for several chunks.
const PAYLOAD: usize = 3 << 20;

/// Notes the run before it works, so that a second start can't hide; fails when its content is not what was published.
const SCRIPT: &str = "set -eu
cmp payload payload.again
echo \"$DRAY_PACKAGE/$DRAY_PROGRAM $DRAY_RUN\" >> \"$1\"
sleep 0.2
";

/// Numbers without a pattern, the same in each run of the test.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are good.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Everything that runs.
struct Services {
    site: Option<Service>,
    point: Option<Service>,
    agents: [Option<Service>; 2],
}

impl Services {
    /// Kills one and starts it again after a while.
    fn strike(&mut self, fleet: &Fleet, victim: u64, away: Duration) {
        match victim {
            0 => {
                self.site.take().unwrap().kill();
                pause(away);
                self.site = Some(fleet.serve_site());
            }
            1 => {
                self.point.take().unwrap().kill();
                pause(away);
                self.point = Some(fleet.serve_point());
            }
            _ => {
                let agent = usize::from(victim == 3);
                self.agents[agent].take().unwrap().kill();
                pause(away);
                self.agents[agent] = Some(fleet.run_agent(AGENTS[agent]));
            }
        }
    }
}

#[test]
fn after_any_crash_each_program_ran_once_and_each_report_arrived_once() {
    let fleet = Fleet::new();
    let mut services = set_up(&fleet);
    let mut numbers = Numbers(seed());
    let log = fleet.path("runs.log");
    for package in 0..PACKAGES {
        publish(&fleet, package, &mut numbers, log.to_str().unwrap());
        for round in 0..ROUNDS {
            let advertisement = format!("order-{package}-{round}");
            let (package, program) = (format!("package-{package}"), format!("program-{round}"));
            let what = ["--package", &package, "--program", &program, "--collection", "fleet", "--mandatory"];
            fleet.dray(&[&["advertisement", "create", &advertisement], &what[..]].concat());
            pause(Duration::from_millis(numbers.below(500)));
            let away = Duration::from_millis(numbers.below(200));
            // Each of the four in turn, at another moment in each package.
            services.strike(&fleet, (round as u64) % 4, away);
        }
    }
    until("every program succeeded everywhere", || all_succeeded(&fleet).then_some(()));
    every_program_ran_once(&fs::read_to_string(log).unwrap());
    every_report_arrived_once(&fleet);
}

/// Where the numbers begin; another `DRAY_CRASH_SEED` strikes at other moments.
fn seed() -> u64 {
    std::env::var("DRAY_CRASH_SEED").map_or(20_261_122, |text| text.parse().unwrap())
}

fn set_up(fleet: &Fleet) -> Services {
    let site = Some(fleet.serve_site());
    fleet.enrol_point();
    let point = Some(fleet.serve_point());
    let agents = AGENTS.map(|agent| {
        fleet.enrol_agent(agent);
        Some(fleet.run_agent(agent))
    });
    fleet.dray(&["collection", "create", "fleet", "--all"]);
    Services { site, point, agents }
}

fn publish(fleet: &Fleet, package: usize, numbers: &mut Numbers, log: &str) {
    let source = fleet.path(&format!("source-{package}"));
    fs::create_dir(&source).unwrap();
    let payload: Vec<u8> = (0..PAYLOAD).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect();
    fs::write(source.join("payload"), &payload).unwrap();
    fs::write(source.join("payload.again"), &payload).unwrap();
    fs::write(source.join("run.sh"), SCRIPT).unwrap();
    let name = format!("package-{package}");
    let mut create = vec!["package", "create", &name, "--wait", "--source", source.to_str().unwrap()];
    let programs: Vec<_> = (0..ROUNDS).map(|round| format!("program-{round}=sh run.sh '{log}'")).collect();
    create.extend(programs.iter().flat_map(|program| ["--program", program]));
    fleet.dray(&create);
    fleet.dray(&["package", "distribute", &name, "--to", "point"]);
}

fn all_succeeded(fleet: &Fleet) -> bool {
    let advertisements = fleet.dray(&["advertisement", "list"]);
    let advertisements = advertisements.as_array().unwrap();
    advertisements.len() == PACKAGES * ROUNDS
        && advertisements.iter().all(|advertisement| {
            let states = advertisement["summary"]["states"].as_array().unwrap();
            states.len() == 1 && states[0]["state"] == "succeeded" && states[0]["devices"] == AGENTS.len()
        })
}

fn every_program_ran_once(log: &str) {
    let mut runs: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ids: Vec<_> = log.lines().map(|line| line.split_once(' ').unwrap()).collect();
    ids.iter().for_each(|(program, _)| *runs.entry(program).or_default() += 1);
    assert_eq!(runs.len(), PACKAGES * ROUNDS, "{log}");
    assert!(runs.values().all(|count| *count == AGENTS.len()), "{log}");
    ids.sort_by_key(|(_, run)| *run);
    ids.dedup_by_key(|(_, run)| *run);
    assert_eq!(ids.len(), PACKAGES * ROUNDS * AGENTS.len(), "a run happened twice:\n{log}");
}

fn every_report_arrived_once(fleet: &Fleet) {
    for device in fleet.dray(&["device", "list"]).as_array().unwrap() {
        let name = device["name"].as_str().unwrap();
        let messages = fleet.dray(&["status", "--device", name, "--limit", "100000"]);
        let mut numbers: Vec<_> =
            messages.as_array().unwrap().iter().map(|view| view["message"]["number"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        let expected: Vec<_> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, expected, "messages of {name} were lost or kept twice");
        let executed =
            messages.as_array().unwrap().iter().filter(|view| view["message"]["event"]["event"] == "executed");
        assert_eq!(executed.count(), PACKAGES * ROUNDS, "each run is reported once by {name}");
    }
}
