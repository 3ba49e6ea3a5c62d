//! A site, its database and its simulated clients, and what something costs them.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::load::Load;
use super::postgres::Cluster;
use crate::bench::report::Figure;
use crate::bench::stage::{Stage, rest, until};
use crate::process::build_shipped;

/// How long the site is looked at to find out whether it rests.
const LOOK: Duration = Duration::from_millis(500);
/// CPU seconds of a site that rests, in [`LOOK`] at most: a tenth of a processor.
const RESTING_S: f64 = 0.05;

/// The programs that take part.
pub(super) struct Programs {
    dray: PathBuf,
    sim: PathBuf,
}

/// What is measured on. The site is killed before its database ends.
pub(super) struct Ground {
    pub(super) stage: Stage,
    pub(super) load: Load,
    pub(super) devices: u32,
    cluster: Option<Cluster>,
}

/// CPU seconds that something took.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    site_s: f64,
    /// Absent on SQLite, which works in the site's process.
    postgres_s: Option<f64>,
}

/// The programs as they ship. Each alone: the load generator has parts of them built for tests.
pub(super) fn build() -> anyhow::Result<Programs> {
    let dray = build_shipped(&["--package", "dray"])?.join("dray");
    let sim = build_shipped(&["--package", "dray-sim"])?.join("dray-sim");
    Ok(Programs { dray, sim })
}

impl Ground {
    /// A new site without devices, on PostgreSQL or SQLite.
    pub(super) fn start(programs: &Programs, on_postgres: bool, devices: u32) -> anyhow::Result<Self> {
        let cluster = if on_postgres { Some(Cluster::start()?) } else { None };
        let database = cluster.as_ref().map_or_else(|| "sqlite".to_owned(), Cluster::address);
        // No agent is enrolled here.
        let stage = Stage::start_on(&database, programs.dray.clone(), PathBuf::new())?;
        let load = Load::start(&programs.sim, &stage)?;
        Ok(Self { stage, load, devices, cluster })
    }

    /// An address of the database for another program.
    pub(super) fn database(&self) -> String {
        let file = || format!("sqlite:{}", self.stage.folder().join("site/dray.db").display());
        self.cluster.as_ref().map_or_else(file, Cluster::address)
    }

    /// Transactions of PostgreSQL so far; `None` on SQLite, where nobody outside can count them.
    pub(super) fn transactions(&self) -> anyhow::Result<Option<u64>> {
        self.cluster.as_ref().map(Cluster::transactions).transpose()
    }

    /// Has the clients do something and gives what they saw and what it cost, until the site rests again.
    pub(super) fn cost(&mut self, command: &Value) -> anyhow::Result<(Value, Cost)> {
        self.rest()?;
        let before = self.used()?;
        let answer = self.load.ask(command)?;
        self.rest()?;
        let after = self.used()?;
        let postgres_s = after.postgres_s.zip(before.postgres_s).map(|(after, before)| after - before);
        Ok((answer, Cost { site_s: after.site_s - before.site_s, postgres_s }))
    }

    /// Waits until the site has nothing to do.
    pub(super) fn rest(&self) -> anyhow::Result<()> {
        let mut before = self.used()?.all_s();
        until("the site to rest", || {
            rest(LOOK);
            let now = self.used()?.all_s();
            let rests = now - before <= RESTING_S;
            before = now;
            Ok(rests)
        })
    }

    fn used(&self) -> anyhow::Result<Cost> {
        let postgres_s = self.cluster.as_ref().map(Cluster::cpu_s).transpose()?;
        Ok(Cost { site_s: self.stage.site().cpu_s()?, postgres_s })
    }

    /// What the processes said last, with an error.
    pub(super) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let said = ["site", "load"].map(|name| {
            let text = std::fs::read_to_string(self.stage.folder().join(format!("{name}.log"))).unwrap_or_default();
            let last: Vec<&str> = text.lines().rev().take(3).collect();
            format!("{name} said: {}", last.join(" | "))
        });
        error.context(said.join("\n"))
    }

    /// An advertisement for a collection, in the JSON of the API.
    pub(super) fn advertisement(name: &str, collection: &str) -> Value {
        let terms = json!({ "package": "tool", "program": "install", "collection": collection,
                            "assignments": [{ "kind": "as_soon_as_possible" }] });
        json!({ "name": name, "terms": terms })
    }

    /// What a device reports about this advertisement.
    pub(super) fn subject(advertisement: &str) -> Value {
        json!({ "advertisement": advertisement, "package": "tool", "program": "install" })
    }

    /// A new enrolment token for so many devices.
    pub(super) fn token(&self, devices: u32) -> anyhow::Result<String> {
        let created = self.stage.dray(["enrolment-token", "create", "--devices", &devices.to_string()])?;
        Ok(created["secret"].as_str().context("the new enrolment token has no text")?.to_owned())
    }
}

impl Cost {
    fn all_s(self) -> f64 {
        self.site_s + self.postgres_s.unwrap_or(0.0)
    }

    /// The site's milliseconds for each of `count`, against a limit, and PostgreSQL's beside them.
    pub(super) fn figures(self, name: &str, count: f64, limit_ms: f64) -> Vec<Figure> {
        let site = Figure::at_most(format!("{name}, site CPU"), self.site_s * 1e3 / count, limit_ms, "ms");
        let postgres =
            self.postgres_s.map(|s| Figure::told(format!("{name}, PostgreSQL's CPU"), s * 1e3 / count, "ms"));
        std::iter::once(site).chain(postgres).collect()
    }
}
