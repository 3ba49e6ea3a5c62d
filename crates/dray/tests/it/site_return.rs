//! A site goes back in time, by a backup or without saying so, while agents and a point go on: nobody visits a client, nothing runs twice.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::fleet::{Fleet, Service, assert_success, dray, until};

/// Notes each start.
const SCRIPT: &str = "set -eu
cmp payload payload.again
echo \"$DRAY_PROGRAM $DRAY_RUN\" >> \"$1\"
";

/// A site with a package of two programs on a point, advertised to all devices.
struct Stage {
    fleet: Fleet,
    site: Option<Service>,
    _point: Service,
}

impl Stage {
    fn new() -> Self {
        let fleet = Fleet::new();
        let site = Some(fleet.serve_site());
        fleet.enrol_point();
        let point = fleet.serve_point();
        let source = fleet.path("source");
        fs::create_dir(&source).unwrap();
        let payload: Vec<u8> = (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        fs::write(source.join("payload"), &payload).unwrap();
        fs::write(source.join("payload.again"), &payload).unwrap();
        fs::write(source.join("run.sh"), SCRIPT).unwrap();
        let log = fleet.path("runs.log");
        let programs = ["first", "second", "third"].map(|name| format!("{name}=sh run.sh '{}'", log.display()));
        let mut create = vec!["package", "create", "tool", "--wait", "--source", source.to_str().unwrap()];
        create.extend(programs.iter().flat_map(|program| ["--program", program]));
        fleet.dray(&create);
        fleet.dray(&["package", "distribute", "tool", "--to", "point"]);
        fleet.dray(&["collection", "create", "fleet", "--all"]);
        Self { fleet, site, _point: point }
    }

    fn agent(&self, name: &str) -> Service {
        self.fleet.enrol_agent(name);
        self.fleet.run_agent(name)
    }

    fn advertise(&self, program: &str) {
        let what = ["--package", "tool", "--program", program, "--collection", "fleet", "--mandatory"];
        self.fleet.dray(&[&["advertisement", "create", program, "--rerun", "always"], &what[..]].concat());
    }

    /// Waits until the site has heard that so many devices succeeded.
    fn succeeded(&self, program: &str, devices: u64) {
        until(&format!("{program} has succeeded on {devices}"), || {
            let shown = self.fleet.dray(&["advertisement", "show", program]);
            let states = shown["summary"]["states"].as_array()?.clone();
            (states.len() == 1 && states[0]["state"] == "succeeded" && states[0]["devices"] == devices).then_some(())
        });
    }

    /// How often a program was started, on all devices.
    fn starts(&self, program: &str) -> usize {
        let log = fs::read_to_string(self.fleet.path("runs.log")).unwrap();
        log.lines().filter(|line| line.starts_with(program)).count()
    }

    fn backup(&self, site: &str, options: &[&str]) {
        let made = dray()
            .args(["--output", "json", "site", "backup"])
            .arg(self.fleet.path(site))
            .arg("--to")
            .arg(self.fleet.path("backup"))
            .args(options)
            .output()
            .unwrap();
        assert_success(&made);
    }

    /// The site is lost, and comes back from its backup.
    fn lose_and_restore(&mut self, options: &[&str]) {
        self.site.take().unwrap().kill();
        fs::rename(self.fleet.path("site"), self.fleet.path("lost")).unwrap();
        self.restore(options);
    }

    fn restore(&mut self, options: &[&str]) {
        let restored = dray()
            .args(["site", "restore"])
            .arg(self.fleet.path("backup"))
            .arg("--to")
            .arg(self.fleet.path("site"))
            .args(options)
            .output()
            .unwrap();
        assert_success(&restored);
        self.site = Some(self.fleet.serve_site());
    }

    fn status(&self) -> Value {
        self.fleet.dray(&["site", "status"])
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_restored_site_goes_on_and_a_device_enrolled_since_waits_until_it_is_accepted() {
    let mut stage = Stage::new();
    let _first = stage.agent("agent-1");
    stage.advertise("first");
    stage.succeeded("first", 1);
    stage.backup("site", &["--content"]);
    let _second = stage.agent("agent-2");
    stage.succeeded("first", 2);
    stage.advertise("second");
    stage.succeeded("second", 2);

    stage.lose_and_restore(&[]);
    let status = stage.status();
    assert!(status["returned"]["cause"].as_str().unwrap().contains("restored"), "{status}");
    assert!(!status["advice"].as_array().unwrap().is_empty(), "{status}");
    let waiting = until("the forgotten device waits", || {
        let waiting = stage.fleet.dray(&["device", "waiting"]);
        waiting.as_array()?.iter().find(|view| view["kind"] == "device" && view["name"].is_string()).cloned()
    });
    let member = waiting["member"].as_str().unwrap().to_owned();
    assert_eq!(stage.fleet.dray(&["device", "list"]).as_array().unwrap().len(), 1);
    let why = stage.fleet.try_dray(&["why", &member, "tool/first"]);
    assert!(String::from_utf8_lossy(&why.stderr).contains("device accept"), "{why:?}");

    stage.fleet.dray(&["device", "accept", &member]);
    stage.succeeded("first", 2);
    assert_eq!(stage.starts("first"), 2, "nothing ran twice");
    let devices = stage.fleet.dray(&["device", "list"]);
    assert!(devices.as_array().unwrap().iter().any(|device| device["id"] == member.as_str()), "{devices}");
    // The second advertisement is lost with the site; made again, it is the same order.
    stage.advertise("second");
    stage.succeeded("second", 2);
    assert_eq!(stage.starts("second"), 2, "the same order runs nothing twice");
    stage.advertise("third");
    stage.succeeded("third", 2);
    assert_eq!(stage.starts("third"), 2);
    let point = stage.fleet.dray(&["point", "show", "point"]);
    assert!(point["seen_at"].is_string(), "{point}");
    assert_eq!(stage.status()["waiting"]["devices"], 0);
}

#[test]
fn an_old_copy_of_the_folder_is_found_out_by_what_an_agent_holds() {
    let mut stage = Stage::new();
    let agent = stage.agent("agent-1");
    stage.advertise("first");
    stage.succeeded("first", 1);
    stage.site.take().unwrap().kill();
    copy_folder(&stage.fleet.path("site"), &stage.fleet.path("copy"));
    stage.site = Some(stage.fleet.serve_site());
    let since = stage.agent("agent-2");
    stage.advertise("second");
    stage.succeeded("second", 2);
    let before = stage.status()["number"].as_u64().unwrap();
    assert_eq!(stage.status()["returned"], Value::Null);

    stage.site.take().unwrap().kill();
    agent.kill();
    since.kill();
    fs::rename(stage.fleet.path("site"), stage.fleet.path("lost")).unwrap();
    fs::rename(stage.fleet.path("copy"), stage.fleet.path("site")).unwrap();
    stage.site = Some(stage.fleet.serve_site());
    // The copy comes by what the agent holds before it hears of it.
    while stage.status()["number"].as_u64().unwrap() <= before {
        stage.fleet.dray(&["collection", "create", "noise", "--all"]);
        stage.advertise("third");
        stage.fleet.dray(&["advertisement", "delete", "third"]);
        stage.fleet.dray(&["collection", "delete", "noise"]);
    }
    assert_eq!(stage.status()["returned"], Value::Null, "nobody has proved anything");
    // The device that shows it is one that the copy doesn't know.
    let _since = stage.fleet.run_agent("agent-2");
    let returned = until("the site has found out", || {
        let status = stage.status();
        status["returned"]["cause"].as_str().map(str::to_owned)
    });
    assert!(returned.contains("holds policy"), "{returned}");
    let audit = stage.fleet.dray(&["audit"]);
    let noted = audit.as_array().unwrap().iter().filter(|record| record["action"] == "site.return").count();
    assert_eq!(noted, 1);
    until("the device waits", || (stage.status()["waiting"]["devices"] == 1).then_some(()));
    stage.fleet.dray(&["device", "accept", "--all"]);
    let _agent = stage.fleet.run_agent("agent-1");
    stage.succeeded("first", 2);
    stage.advertise("second");
    stage.succeeded("second", 2);
    assert_eq!((stage.starts("first"), stage.starts("second")), (2, 2), "nothing ran twice");
}

#[test]
fn a_site_moves_from_a_file_to_postgresql_and_back() {
    let mut stage = Stage::new();
    let _agent = stage.agent("agent-1");
    stage.advertise("first");
    stage.succeeded("first", 1);
    stage.backup("site", &["--content"]);
    let address = dray_store::testing::postgres_address();
    stage.lose_and_restore(&["--database", &address]);
    stage.succeeded("first", 1);
    stage.advertise("second");
    stage.succeeded("second", 1);

    fs::remove_dir_all(stage.fleet.path("backup")).unwrap();
    fs::remove_dir_all(stage.fleet.path("lost")).unwrap();
    stage.backup("site", &["--content"]);
    stage.lose_and_restore(&["--database", "sqlite"]);
    stage.succeeded("second", 1);
    stage.advertise("third");
    stage.succeeded("third", 1);
    assert_eq!(["first", "second", "third"].map(|program| stage.starts(program)), [1, 1, 1]);
    assert_eq!(stage.status()["returned"]["times"], 2);
}
