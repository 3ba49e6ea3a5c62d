//! The agent as a process against a site in miniature: what it does, what it refuses, and that it can be killed at any moment.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use dray_model::advertisement::{AdvertisementTerms, Assignment, Rerun};
use dray_model::program::Program;
use dray_model::property;
use dray_model::state::{ClientState, Reason};
use dray_model::status::{StatusEvent, StatusMessage};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::runner::end;
use crate::site::{Refusing, Site, executions};

/// A computer with an agent.
pub(crate) struct Computer {
    temp: TempDir,
    running: Option<Child>,
}

impl Computer {
    fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap(), running: None }
    }

    async fn enrolled(site: &Site) -> Self {
        let computer = Self::new();
        let enrolled = computer.command(&["enrol", "--site", site.url(), "--token", site.token()]).await;
        assert!(enrolled.status.success(), "{enrolled:?}");
        computer
    }

    pub(crate) async fn at_work(site: &Site) -> Self {
        let mut computer = Self::enrolled(site).await;
        computer.start();
        computer
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.temp.path().join("agent")
    }

    /// A place for what programs of a test leave behind.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dray-agent"));
        command.env_remove("RUST_BACKTRACE");
        command
    }

    fn start(&mut self) {
        let mut command = self.program();
        command.arg("run").arg("--folder").arg(self.folder()).args(["--log", "error"]).stdin(Stdio::null());
        self.running = Some(command.spawn().unwrap());
    }

    fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        running.kill().unwrap();
        running.wait().unwrap();
    }

    /// Runs a command of the agent while the site goes on serving.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Output {
        let mut command = self.program();
        command.args(arguments).arg("--folder").arg(self.folder());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[arguments, &["--output", "json"]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Computer {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

pub(crate) fn program(command: &str) -> Program {
    serde_json::from_value(json!({ "name": "install", "command": command })).unwrap()
}

pub(crate) fn terms(assignments: &[Assignment]) -> AdvertisementTerms {
    let terms = json!({ "package": "tool", "program": "install", "collection": "all" });
    let terms: AdvertisementTerms = serde_json::from_value(terms).unwrap();
    AdvertisementTerms { assignments: assignments.to_vec(), ..terms }
}

pub(crate) const NOW: &[Assignment] = &[Assignment::AsSoonAsPossible];

/// A content folder with a script and some bytes.
pub(crate) fn source(folder: &Path, script: &str, payload: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("install.sh"), script).unwrap();
    std::fs::set_permissions(folder.join("install.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(folder.join("data/payload"), payload).unwrap();
}

/// Bytes that no compression makes smaller, different for each seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test]
async fn a_program_is_delivered_run_and_reported_and_the_agent_can_explain_it() {
    let site = Site::start().await;
    let mut computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    source(&folder, "#!/bin/sh\necho \"installing $DRAY_PACKAGE\"; wc -c < data/payload\n", &noise(1, 300_000));
    let release = site.publish(program("./install.sh"), Some(&folder));
    site.advertise("tool-everywhere", terms(NOW), release);
    let StatusEvent::Executed { exit_code, output_tail, .. } = site.executed().await else { panic!() };
    assert_eq!((exit_code, output_tail.as_str()), (Some(0), "installing tool\n300000\n"));
    let delivered = site.heard(|messages| {
        messages.values().find_map(|message| match &message.event {
            StatusEvent::Delivered { sources, .. } => Some(sources.iter().map(|source| source.bytes).sum::<u64>()),
            _ => None,
        })
    });
    assert!((300_000..400_000).contains(&delivered.await));
    told(&site, ClientState::Succeeded).await;
    assert_eq!(site.known().facts.as_ref().unwrap().device().text(property!("device.platform")), Some("linux"));

    let status = computer.json(&["status"]).await;
    assert_eq!((&status["name"], &status["link"]), (&json!("pc-1"), &json!("reachable")));
    assert_eq!(computer.json(&["programs"]).await[0]["standing"]["state"], "succeeded");
    let why = String::from_utf8(computer.command(&["why", "tool/install"]).await.stdout).unwrap();
    assert!(why.contains("tool/install") && why.contains("tool-everywhere"), "{why}");
    computer.kill();
    let asleep = computer.command(&["programs"]).await;
    assert!(String::from_utf8_lossy(&asleep.stderr).contains("is not running"), "{asleep:?}");
    assert!(String::from_utf8_lossy(&asleep.stdout).contains("succeeded"), "{asleep:?}");
}

#[tokio::test]
async fn a_refused_message_is_counted_and_blocks_no_other() {
    for refusing in [Refusing::Alone, Refusing::Whole] {
        let site = Site::start().await;
        site.known().refuses_deliveries = Some(refusing);
        let computer = Computer::at_work(&site).await;
        let folder = computer.place("source");
        source(&folder, "#!/bin/sh\ntrue\n", &noise(1, 100));
        site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
        told(&site, ClientState::Succeeded).await;
        let mut status = json!(null);
        for _ in 0..500 {
            status = computer.json(&["status"]).await;
            if status["refused_messages"]["count"] == 1 && status["waiting_messages"] == 0 {
                break;
            }
        }
        assert_eq!(status["refused_messages"]["count"], 1, "{refusing:?}: {status}");
        let text = String::from_utf8(computer.command(&["status"]).await.stdout).unwrap();
        assert!(text.contains("messages refused  1, the last at "), "{refusing:?}: {text}");
        let delivered = |message: &&StatusMessage| matches!(message.event, StatusEvent::Delivered { .. });
        assert_eq!(site.known().messages.values().find(delivered), None, "{refusing:?}");
    }
}

#[tokio::test]
async fn an_agent_killed_while_a_program_runs_reports_its_result_once_and_never_runs_it_again() {
    let site = Site::start().await;
    let mut computer = Computer::at_work(&site).await;
    let (count, go) = (computer.place("count"), computer.place("go"));
    let script =
        format!("sh -c 'echo x >> {}; until [ -e {} ]; do sleep 0.05; done; exit 5'", count.display(), go.display());
    site.advertise("slow", terms(NOW), site.publish(program(&script), None));
    wait_until(|| count.exists()).await;
    computer.kill();
    std::fs::write(go, "").unwrap();
    computer.start();
    let StatusEvent::Executed { exit_code, .. } = site.executed().await else { panic!() };
    assert_eq!(exit_code, Some(5));
    told(&site, ClientState::Failed).await;
    assert_eq!(executions(&site.known().messages).len(), 1);
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
}

#[tokio::test]
async fn an_agent_killed_again_and_again_runs_each_program_exactly_once() {
    let site = Site::start().await;
    let mut computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    let count = computer.place("count");
    source(&folder, &format!("#!/bin/sh\necho $DRAY_RUN >> {}\nsleep 0.2\n", count.display()), &noise(2, 3_000_000));
    site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
    for round in 0_u64..14 {
        tokio::time::sleep(Duration::from_millis(40 + 37 * round)).await;
        computer.kill();
        computer.start();
    }
    let StatusEvent::Executed { exit_code, .. } = site.executed().await else { panic!() };
    assert_eq!(exit_code, Some(0));
    let runs = std::fs::read_to_string(count).unwrap();
    assert_eq!(runs.lines().count(), 1, "{runs}");
    assert_eq!(executions(&site.known().messages).len(), 1);
    let numbers: Vec<_> = site.known().messages.keys().copied().collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_tampered_document_is_never_acted_on() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let ran = computer.place("ran");
    site.known().tampers_documents = true;
    site.advertise("tool", terms(NOW), site.publish(program(&format!("touch {}", ran.display())), None));
    wait_until_json(&computer, &["status"], |status| !status["policy"]["missing_documents"][0][1].is_null()).await;
    assert!(!ran.exists());
}

#[tokio::test]
async fn tampered_content_is_never_run_and_a_good_source_heals_it() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    let ran = computer.place("ran");
    source(&folder, &format!("#!/bin/sh\ntouch {}\n", ran.display()), &noise(3, 500_000));
    site.known().tampers_packs = true;
    site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
    wait_until_json(&computer, &["programs"], |rows| {
        ["content_damaged", "sources_failed"].contains(&rows[0]["standing"]["reason"]["code"].as_str().unwrap_or(""))
    })
    .await;
    assert!(!ran.exists());
    site.known().tampers_packs = false;
    site.executed().await;
    assert!(ran.exists());
}

#[tokio::test]
async fn content_that_was_changed_on_the_disk_is_noticed_before_it_runs_and_made_good() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    source(&folder, "#!/bin/sh\nwc -c < data/payload; echo log > left.log\n", &noise(4, 2_000_000));
    let release = site.publish(program("./install.sh"), Some(&folder));
    let always = |assignments: &[Assignment]| AdvertisementTerms { rerun: Rerun::Always, ..terms(assignments) };
    site.advertise("tool", always(NOW), release);
    site.executed().await;
    let tree = std::fs::read_dir(computer.folder().join("cache/contents")).unwrap().next().unwrap().unwrap().path();
    let payload = tree.join("data/payload");
    let mut bytes = std::fs::read(&payload).unwrap();
    bytes[1_000_000] ^= 1;
    std::fs::write(&payload, bytes).unwrap();
    let before = site.known().pack_bytes;
    let at = Assignment::At { time: dray_agent::clock::now() };
    site.advertise("tool", always(&[Assignment::AsSoonAsPossible, at]), release);
    let again = site.heard(|messages| executions(messages).into_iter().nth(1)).await;
    let StatusEvent::Executed { output_tail, .. } = again else { panic!() };
    assert_eq!(output_tail, "2000000\n");
    let fetched = site.known().pack_bytes - before;
    assert!((1..1_000_000).contains(&fetched), "only what was damaged is fetched, not {fetched} bytes");
}

#[tokio::test]
async fn the_next_version_is_built_from_the_one_that_is_here() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    let mut payload = noise(5, 4_000_000);
    source(&folder, "#!/bin/sh\ncksum < data/payload\n", &payload);
    site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
    site.executed().await;
    payload[2_000_000] ^= 0xff;
    source(&folder, "#!/bin/sh\ncksum < data/payload\n", &payload);
    let before = site.known().pack_bytes;
    let release = site.publish(program("./install.sh"), Some(&folder));
    let always = AdvertisementTerms { rerun: Rerun::Always, ..terms(NOW) };
    site.advertise("tool-again", always, release);
    site.heard(|messages| executions(messages).into_iter().nth(1)).await;
    let fetched = site.known().pack_bytes - before;
    assert!((1..1_000_000).contains(&fetched), "{fetched}");
}

#[tokio::test]
async fn messages_wait_for_a_site_that_is_down_and_arrive_once() {
    let site = Site::start().await;
    let mut computer = Computer::at_work(&site).await;
    let go = computer.place("go");
    let script = format!("sh -c 'until [ -e {} ]; do sleep 0.05; done'", go.display());
    site.advertise("tool", terms(NOW), site.publish(program(&script), None));
    wait_until_json(&computer, &["programs"], |rows| rows[0]["standing"]["state"] == "running").await;
    site.known().down = true;
    std::fs::write(go, "").unwrap();
    wait_until_json(&computer, &["programs"], |rows| rows[0]["standing"]["state"] == "succeeded").await;
    computer.kill();
    assert!(executions(&site.known().messages).is_empty());
    assert!(computer.json(&["status"]).await["waiting_messages"].as_u64().unwrap() > 0);
    site.known().down = false;
    computer.start();
    site.executed().await;
}

#[tokio::test]
async fn an_optional_program_waits_for_the_person_at_the_computer() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let ran = computer.place("ran");
    site.advertise("extra", terms(&[]), site.publish(program(&format!("touch {}", ran.display())), None));
    wait_until_json(&computer, &["programs"], |rows| rows[0]["can_request"] == true).await;
    assert!(!ran.exists());
    let refused = computer.command(&["programs", "run", "something-else"]).await;
    assert!(!refused.status.success() && !refused.stderr.is_empty(), "{refused:?}");
    let started = computer.command(&["programs", "run", "tool/install"]).await;
    assert!(started.status.success(), "{started:?}");
    site.executed().await;
    assert!(ran.exists());
}

#[tokio::test]
async fn a_command_that_is_not_there_is_a_failure_with_its_reason() {
    let site = Site::start().await;
    let _computer = Computer::at_work(&site).await;
    site.advertise("tool", terms(NOW), site.publish(program("./no-such-program"), None));
    let reason = told(&site, ClientState::Failed).await;
    assert_eq!(reason.unwrap().code(), "not_startable");
}

#[tokio::test]
async fn enrolment_happens_once_and_only_at_the_site_that_the_token_names() {
    let (site, other) = (Site::start().await, Site::start().await);
    let computer = Computer::new();
    let wrong = computer.command(&["enrol", "--site", site.url(), "--token", other.token()]).await;
    assert!(!wrong.status.success());
    let run = computer.command(&["run"]).await;
    assert!(String::from_utf8_lossy(&run.stderr).contains("not enrolled"), "{run:?}");
    let right = computer.command(&["enrol", "--site", site.url(), "--token", site.token()]).await;
    assert!(right.status.success(), "{right:?}");
    let again = computer.command(&["enrol", "--site", site.url(), "--token", site.token()]).await;
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"), "{again:?}");
}

#[tokio::test]
async fn an_agent_without_its_memory_does_not_begin_anew() {
    let site = Site::start().await;
    let computer = Computer::enrolled(&site).await;
    std::fs::remove_file(computer.folder().join("agent.redb")).unwrap();
    let run = computer.command(&["run"]).await;
    assert!(!run.status.success() && String::from_utf8_lossy(&run.stderr).contains("missing"), "{run:?}");
}

#[tokio::test]
async fn one_agent_works_in_a_folder_and_ends_when_it_is_asked() {
    let site = Site::start().await;
    let mut computer = Computer::at_work(&site).await;
    wait_until_json(&computer, &["status"], |status| status["link"] == "reachable").await;
    let second = computer.command(&["run"]).await;
    assert!(String::from_utf8_lossy(&second.stderr).contains("already"), "{second:?}");
    let mut running = computer.running.take().unwrap();
    end(&running.id().to_string());
    assert!(running.wait().unwrap().success());
    assert!(!computer.folder().join("control.sock").exists());
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_used_from_then_on() {
    let site = Site::start().await;
    site.known().short_certificates = true;
    let mut computer = Computer::enrolled(&site).await;
    let before = computer.json(&["status"]).await["certificate_expires"].clone();
    computer.start();
    wait_until(|| site.known().renewals > 0).await;
    wait_until_json(&computer, &["status"], |status| status["link"] == "reachable").await;
    computer.kill();
    assert_ne!(computer.json(&["status"]).await["certificate_expires"], before);
    computer.start();
    site.advertise("tool", terms(NOW), site.publish(program("true"), None));
    site.executed().await;
    assert_eq!(site.known().renewals, 1);
}

/// Waits until a program is reported in a state, and gives the reason.
pub(crate) async fn told(site: &Site, state: ClientState) -> Option<Reason> {
    site.heard(|messages| {
        messages.values().find_map(|message| match &message.event {
            StatusEvent::State { standing, .. } if standing.state == state => Some(standing.reason.clone()),
            _ => None,
        })
    })
    .await
}

async fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..1500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not happen");
}

pub(crate) async fn wait_until_json(computer: &Computer, arguments: &[&str], done: impl Fn(&Value) -> bool) {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = computer.json(arguments).await;
        if done(&last) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not happen: {last:#}");
}
