//! A site, points and agents as processes in a temporary folder. Nothing outlives the test: services end when the pipe to
//! them closes, whatever becomes of the test.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// The program under test.
pub(crate) fn dray() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dray"));
    command.env_remove("DRAY_PROFILE").env_remove("DRAY_OUTPUT").stdin(Stdio::null());
    command
}

/// A site with its folder, and what runs around it.
pub(crate) struct Fleet {
    folder: tempfile::TempDir,
    pub(crate) client_url: String,
    point_listen: String,
}

/// A process that stays.
pub(crate) struct Service(Child);

impl Fleet {
    /// Makes a site; nothing runs yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [admin, client, point_listen] = free_ports();
        let client_url = format!("https://{client}");
        let fleet = Self { folder, client_url, point_listen };
        let site = fleet.path("site");
        let init =
            dray().args(["site", "init"]).arg(&site).args(["--listen", &admin, "--client-listen", &client]).output();
        assert_success(&init.unwrap());
        fleet
    }

    /// A path below the folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The administrator's profile.
    pub(crate) fn profile(&self) -> PathBuf {
        self.path("site/admin.toml")
    }

    /// Runs a command as the administrator.
    pub(crate) fn try_dray(&self, args: &[&str]) -> Output {
        dray().arg("--profile").arg(self.profile()).args(args).output().unwrap()
    }

    /// Runs a command that must succeed; its JSON, or null.
    pub(crate) fn dray(&self, args: &[&str]) -> Value {
        let output = self.try_dray(&[&["--output", "json"], args].concat());
        assert_success(&output);
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    /// Serves the site, and waits until it answers.
    pub(crate) fn serve_site(&self) -> Service {
        let service = self.start("site", dray().args(["--exit-with-parent", "site", "serve"]).arg(self.path("site")));
        until("the site answers", || self.try_dray(&["package", "list"]).status.success().then_some(()));
        service
    }

    /// Makes and enrols the point called `point`.
    pub(crate) fn enrol_point(&self) {
        self.dray(&["point", "create", "point", "--url", &format!("https://{}", self.point_listen)]);
        let token = self.dray(&["enrolment-token", "create", "--point", "point"]);
        let token = token["secret"].as_str().unwrap();
        let enrol = dray()
            .args(["point", "enrol", "--site", &self.client_url, "--token", token, "--folder"])
            .arg(self.path("point"))
            .output();
        assert_success(&enrol.unwrap());
    }

    /// Serves the point.
    pub(crate) fn serve_point(&self) -> Service {
        let folder = self.path("point");
        self.start(
            "point",
            dray()
                .args(["--exit-with-parent", "point", "serve", "--listen", &self.point_listen, "--folder"])
                .arg(folder),
        )
    }

    /// Enrols an agent with a folder of this name.
    pub(crate) fn enrol_agent(&self, name: &str) {
        let token = self.dray(&["enrolment-token", "create", "--devices", "1"]);
        let token = token["secret"].as_str().unwrap();
        let enrol = dray()
            .args(["agent", "enrol", "--site", &self.client_url, "--token", token, "--folder"])
            .arg(self.path(name))
            .output();
        assert_success(&enrol.unwrap());
    }

    /// Runs an agent.
    pub(crate) fn run_agent(&self, name: &str) -> Service {
        self.start(name, dray().args(["--exit-with-parent", "agent", "run", "--folder"]).arg(self.path(name)))
    }

    fn start(&self, name: &str, command: &mut Command) -> Service {
        let log = File::options().create(true).append(true).open(self.path(&format!("{name}.log"))).unwrap();
        Service(command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["site", "point", "agent-1", "agent-2"] {
                let log = std::fs::read_to_string(self.path(&format!("{name}.log"))).unwrap_or_default();
                let lines: Vec<_> = log.lines().rev().take(30).collect();
                eprintln!("--- the end of {name}.log");
                lines.iter().rev().for_each(|line| eprintln!("{line}"));
            }
        }
    }
}

impl Service {
    /// Ends the process as a power cut does: it has no say in it.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fails with what a process said.
#[track_caller]
pub(crate) fn assert_success(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}{}", output.status, String::from_utf8_lossy(&output.stdout));
}

/// Looks again and again until there is something, for at most a minute.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "waited in vain until {what}");
        pause(Duration::from_millis(50));
    }
}

/// Lets other processes work for a while.
pub(crate) fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "a process outside gives us nothing to wait for")]
    std::thread::sleep(time);
}

/// The names of a folder's entries.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn free_ports<const N: usize>() -> [String; N] {
    let held: Vec<_> = (0..N).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    std::array::from_fn(|i| held[i].local_addr().unwrap().to_string())
}
