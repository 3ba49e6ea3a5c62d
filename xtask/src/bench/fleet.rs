//! A small fleet of real processes from release builds, in a temporary folder: a site server and agents.
//!
//! It is driven as a user would drive it, through the command line. Every process is killed when the fleet is dropped.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{cargo, output, run, target_folder};

/// How long a step of a benchmark may take before it counts as failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A site server with its folder, and where its programs are.
pub(crate) struct Fleet {
    dray: PathBuf,
    agent: PathBuf,
    folder: TempDir,
    admin_url: String,
    client_url: String,
    site: Process,
}

/// A process that ends with its value.
pub(crate) struct Process(Child);

/// The programs as they are released: the server for speed, the agent for size.
pub(crate) fn build() -> anyhow::Result<(PathBuf, PathBuf)> {
    run(cargo().args(["build", "--quiet", "--release", "--package", "dray"]))?;
    run(cargo().args(["build", "--quiet", "--profile", "release-agent", "--package", "dray-agent"]))?;
    let target = target_folder();
    Ok((target.join("release/dray"), target.join("release-agent/dray-agent")))
}

impl Fleet {
    /// Builds the programs, makes a site and serves it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (dray, agent) = build()?;
        Self::start_with(dray, agent)
    }

    /// Makes a site and serves it.
    pub(crate) fn start_with(dray: PathBuf, agent: PathBuf) -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("dray-bench-").tempdir().context("can't make a folder to work in")?;
        let (admin, client) = (free_address()?, free_address()?);
        let (admin_url, client_url) = (format!("https://{admin}"), format!("https://{client}"));
        let site_folder = folder.path().join("site");
        run(Command::new(&dray)
            .args(["site", "init"])
            .arg(&site_folder)
            .args(["--url", &admin_url, "--client-url", &client_url])
            .stdout(Stdio::null()))?;
        let site =
            Process::start(Command::new(&dray).args(["site", "serve"]).arg(&site_folder), folder.path(), "site")?;
        let fleet = Self { dray, agent, folder, admin_url, client_url, site };
        until("the site server to answer", || Ok(fleet.dray(["device", "list"]).is_ok()))?;
        Ok(fleet)
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
    pub(crate) fn site(&self) -> &Process {
        &self.site
    }

    /// The agent's program.
    pub(crate) fn agent_program(&self) -> &Path {
        &self.agent
    }

    /// Runs an administrator's command and gives what it answered.
    pub(crate) fn dray<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> anyhow::Result<Value> {
        let profile = self.folder().join("site/admin.toml");
        let text = output(Command::new(&self.dray).arg("--output=json").arg("--profile").arg(profile).args(arguments))?;
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
        const NAME: &str = "dray_content_served_bytes_total ";
        let metrics = output(Command::new("curl").args(["-ks", "--fail", &format!("{}/metrics", self.admin_url)]))?;
        let value = metrics.lines().find_map(|line| line.strip_prefix(NAME));
        // Nothing was served yet.
        value.map_or(Ok(0), |value| value.trim().parse().context("the site's count of served bytes is no number"))
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

impl Process {
    /// Starts `command` with its output in `NAME.log`.
    pub(crate) fn start(command: &mut Command, folder: &Path, name: &str) -> anyhow::Result<Self> {
        let log = std::fs::File::create(folder.join(format!("{name}.log")))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("can't start {name}"))?;
        Ok(Self(child))
    }

    /// A line of `/proc/PID/status`, in its own unit: kB for memory.
    pub(crate) fn status(&self, key: &str) -> anyhow::Result<u64> {
        status_line(&std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?, key)
    }

    /// How often the process's threads went to sleep by themselves so far; each wake-up ends in one.
    pub(crate) fn sleeps(&self) -> anyhow::Result<u64> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            sum += status_line(&std::fs::read_to_string(task?.path().join("status"))?, "voluntary_ctxt_switches")?;
        }
        Ok(sum)
    }

    /// CPU time used so far, in seconds.
    pub(crate) fn cpu_s(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let after_name = stat.rsplit_once(") ").context("/proc/PID/stat has no program name")?.1;
        // Fields 14 and 15, utime and stime, in ticks of 10 ms (proc(5)); the state is field 3.
        let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a benchmark runs for less than 2^53 ticks")]
        let seconds = ticks as f64 / 100.0;
        Ok(seconds)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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

fn status_line(status: &str, key: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).with_context(|| format!("no {key} in status"))?;
    Ok(number.parse()?)
}

/// An address of this computer that nobody listens on.
pub(crate) fn free_address() -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("can't listen on the loopback address")?;
    Ok(listener.local_addr()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_found_by_its_whole_name() {
        let status = "VmHWM:\t  7340 kB\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(status_line(status, "VmHWM").unwrap(), 7340);
        assert_eq!(status_line(status, "voluntary_ctxt_switches").unwrap(), 12);
        assert!(status_line(status, "VmRSS").is_err());
    }
}
