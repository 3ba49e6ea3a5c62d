//! A PostgreSQL cluster of a benchmark's own, with the settings that its package brings, on a socket in a temporary folder.
//!
//! PostgreSQL refuses to run as root, so then it runs as nobody. The cluster ends with its value.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use tempfile::TempDir;

use crate::bench::stage::{Process, until};
use crate::prerequisites::{self, find};
use crate::process::{output, run};

/// User id of nobody on Debian and most others.
const NOBODY: u32 = 65534;
const USER: &str = "dray";

/// A running cluster.
pub(super) struct Cluster {
    server: Process,
    folder: TempDir,
}

impl Cluster {
    /// Makes one and starts it.
    pub(super) fn start() -> anyhow::Result<Self> {
        prerequisites::ensure()?;
        let folder = tempfile::Builder::new().prefix("dray-bench-postgres-").tempdir()?;
        let as_root = std::fs::metadata(folder.path())?.uid() == 0;
        if as_root {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))
                .context("cannot change the owner of PostgreSQL's folder")?;
        }
        let data = folder.path().join("data");
        run(command("initdb", folder.path(), as_root)?
            .args(["--auth=trust", "--username", USER, "--locale=C", "--encoding=UTF8", "-D"])
            .arg(&data)
            .stdout(Stdio::null()))?;
        let mut server = command("postgres", folder.path(), as_root)?;
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
        let server = Process::start(&mut server, folder.path(), "postgres")?;
        let cluster = Self { server, folder };
        until("PostgreSQL to answer", || Ok(cluster.query("SELECT 1").is_ok()))?;
        cluster.query("CREATE DATABASE site")?;
        Ok(cluster)
    }

    /// Address of the database for the site.
    pub(super) fn address(&self) -> String {
        self.address_of("site")
    }

    /// CPU time of all its processes so far, in seconds.
    pub(super) fn cpu_s(&self) -> anyhow::Result<f64> {
        self.server.family_cpu_s()
    }

    /// Transactions of the site so far.
    pub(super) fn transactions(&self) -> anyhow::Result<u64> {
        const SQL: &str = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'site'";
        Ok(self.query(SQL)?.trim().parse()?)
    }

    fn address_of(&self, database: &str) -> String {
        format!("postgres://{USER}@localhost/{database}?host={}", self.folder.path().display())
    }

    fn query(&self, sql: &str) -> anyhow::Result<String> {
        let psql = find("psql").context("psql is not installed")?;
        output(Command::new(psql).args([&self.address_of("postgres"), "-AtXc", sql]))
    }
}

fn command(program: &str, folder: &Path, as_root: bool) -> anyhow::Result<Command> {
    let mut command = Command::new("setpriv");
    // QUIT is PostgreSQL's immediate shutdown: it lets go of shared memory, which KILL would leave behind.
    command.args(["--pdeathsig", "QUIT"]).current_dir(folder);
    if as_root {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    }
    command.arg("--").arg(find(program).with_context(|| format!("{program} is not installed"))?);
    Ok(command)
}
