//! What a benchmark plays on: a site server and agents, real processes as they ship, in a temporary folder.
//!
//! They are driven as a user would drive them, through the command line. Every process is killed when the stage is dropped.

mod process;

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use process::Process;

use crate::process::{build_shipped, cargo, output, run, target_folder};

/// How long a step of a benchmark may take before it counts as failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A site server with its folder, and where its programs are.
pub(crate) struct Stage {
    dray: PathBuf,
    agent: PathBuf,
    folder: TempDir,
    admin_url: String,
    client_url: String,
    /// Absent while it is stopped.
    site: Option<Process>,
}

/// The programs as they ship: the server for speed, the agent for size.
pub(crate) fn build() -> anyhow::Result<(PathBuf, PathBuf)> {
    let dray = build_shipped(&["--package", "dray"])?.join("dray");
    run(cargo().args(["build", "--quiet", "--profile", "release-agent", "--package", "dray-agent"]))?;
    Ok((dray, target_folder().join("release-agent/dray-agent")))
}

impl Stage {
    /// Builds the programs, makes a site and serves it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (dray, agent) = build()?;
        Self::start_with(dray, agent)
    }

    /// Makes a site and serves it.
    pub(crate) fn start_with(dray: PathBuf, agent: PathBuf) -> anyhow::Result<Self> {
        Self::start_on("sqlite", dray, agent)
    }

    /// Makes a site whose data are in `database`, as `site init` takes it, and serves it.
    pub(crate) fn start_on(database: &str, dray: PathBuf, agent: PathBuf) -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("dray-bench-").tempdir().context("cannot create a folder to work in")?;
        let (admin, client) = (free_address()?, free_address()?);
        let (admin_url, client_url) = (format!("https://{admin}"), format!("https://{client}"));
        let site_folder = folder.path().join("site");
        run(Command::new(&dray)
            .args(["site", "init"])
            .arg(&site_folder)
            .args(["--database", database, "--url", &admin_url, "--client-url", &client_url])
            .stdout(Stdio::null()))?;
        let site = serve(&dray, folder.path())?;
        let stage = Self { dray, agent, folder, admin_url, client_url, site: Some(site) };
        stage.answers()?;
        Ok(stage)
    }

    /// Kills the site server.
    pub(crate) fn stop_site(&mut self) {
        self.site = None;
    }

    /// Serves the site again, in a new process; kills the one before.
    pub(crate) fn restart_site(&mut self) -> anyhow::Result<()> {
        self.stop_site();
        self.site = Some(serve(&self.dray, self.folder.path())?);
        self.answers()
    }

    fn answers(&self) -> anyhow::Result<()> {
        until("the site server to answer", || Ok(self.dray(["device", "list", "--name", "nobody"]).is_ok()))
    }

    /// The folder that everything lies in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where administrators reach the site.
    pub(crate) fn admin_url(&self) -> &str {
        &self.admin_url
    }

    /// The site's certificate authority, PEM.
    pub(crate) fn authority(&self) -> anyhow::Result<String> {
        let profile = std::fs::read_to_string(self.folder().join("site/admin.toml"))?;
        let certificate = profile.split("\"\"\"").nth(1).context("the profile holds no certificate")?;
        Ok(certificate.trim_start().to_owned())
    }

    /// The site server.
    ///
    /// # Panics
    /// When it was stopped.
    pub(crate) fn site(&self) -> &Process {
        self.site.as_ref().expect("a stopped site is not measured")
    }

    /// Where clients reach the site.
    pub(crate) fn client_url(&self) -> &str {
        &self.client_url
    }

    /// The administrator's profile.
    pub(crate) fn profile(&self) -> PathBuf {
        self.folder().join("site/admin.toml")
    }

    /// The agent's program.
    pub(crate) fn agent_program(&self) -> &Path {
        &self.agent
    }

    /// Runs an administrator's command and gives what it answered.
    pub(crate) fn dray<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.dray);
        let text = output(command.arg("--output=json").arg("--profile").arg(self.profile()).args(arguments))?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).context("the command's answer is not JSON")
    }

    /// Enrols a distribution point and has it serve.
    pub(crate) fn enrol_point(&self, name: &str) -> anyhow::Result<Process> {
        let address = free_address()?;
        self.dray(["point", "create", name, "--url", &format!("https://{address}")])?;
        let created = self.dray(["enrolment-token", "create", "--point", name])?;
        let token = created["secret"].as_str().context("the new enrolment token has no text")?;
        let folder = self.folder().join(name);
        run(Command::new(&self.dray)
            .args(["point", "enrol", "--site", &self.client_url, "--token", token, "--folder"])
            .arg(&folder)
            .stdout(Stdio::null()))?;
        let mut serve = Command::new(&self.dray);
        serve.args(["point", "serve", "--listen", &address, "--folder"]).arg(&folder);
        Process::start(&mut serve, self.folder(), name)
    }

    /// Bytes of content that the site served so far, to anybody.
    pub(crate) fn served_bytes(&self) -> anyhow::Result<u64> {
        self.metric("dray_content_served_bytes_total")
    }

    /// A count of the site, without labels; 0 when nothing was counted yet.
    pub(crate) fn metric(&self, name: &str) -> anyhow::Result<u64> {
        let metrics = output(Command::new("curl").args(["-ks", "--fail", &format!("{}/metrics", self.admin_url)]))?;
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(Ok(0), |value| value.trim().parse().with_context(|| format!("the site's {name} is not a count")))
    }

    /// Enrols a device whose agent is not run.
    pub(crate) fn enrol_device(&self, name: &str) -> anyhow::Result<()> {
        let mut agent = Command::new(&self.dray);
        agent.arg("agent");
        self.enrol(agent, name).map(drop)
    }

    fn enrol(&self, mut agent: Command, name: &str) -> anyhow::Result<PathBuf> {
        let created = self.dray(["enrolment-token", "create", "--devices", "1"])?;
        let token = created["secret"].as_str().context("the new enrolment token has no text")?;
        let folder = self.folder().join(name);
        agent.args(["enrol", "--site", &self.client_url, "--token", token, "--folder"]).arg(&folder);
        run(agent.stdout(Stdio::null()))?;
        Ok(folder)
    }

    /// Enrols an agent and runs it.
    pub(crate) fn enrol_agent(&self, name: &str) -> anyhow::Result<Process> {
        let folder = self.enrol(Command::new(&self.agent), name)?;
        Process::start(Command::new(&self.agent).args(["run", "--folder"]).arg(&folder), self.folder(), name)
    }
}

/// Serves the site in `FOLDER/site`, with as many open files as this machine allows: each connection is one.
fn serve(dray: &Path, folder: &Path) -> anyhow::Result<Process> {
    let mut command = with_many_files(dray);
    command.args(["site", "serve"]).arg(folder.join("site"));
    Process::start(&mut command, folder, "site")
}

/// A command of `program` that may open as many files as the hard limit allows.
pub(crate) fn with_many_files(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\""]).arg(program);
    command
}

/// Asks again and again until it holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !holds()? {
        if Instant::now() > end {
            bail!("waited {} s for {what}", PATIENCE.as_secs());
        }
        rest(Duration::from_millis(20));
    }
    Ok(())
}

/// Lets time pass; a benchmark of idle processes has to.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures what happens while nothing is asked")]
pub(crate) fn rest(duration: Duration) {
    std::thread::sleep(duration);
}

/// An address of this computer that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on the loopback address")?;
    Ok(listener.local_addr()?.to_string())
}
