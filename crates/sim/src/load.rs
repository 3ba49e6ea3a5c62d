//! What the load process is told, one JSON object a line, and what it answers.
//!
//! A command is answered with one line when it is done: `{"done": …}` with what was seen, or `{"error": "…"}`. The process goes
//! on after an error. Commands come one after the other; only the devices that hold their requests go on meanwhile.

mod change;
mod lists;
mod status;
mod wave;

use std::time::Instant;

use anyhow::Context as _;
use dray_client::{BaseUrl, SiteApi};
use dray_model::Name;
use dray_model::api::advertisement::CreateAdvertisement;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::device::Polled;
use crate::facts::Variation;
use crate::fill;
use crate::fleet::{Fleet, Holders};

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Enrol more devices.
    Enrol {
        /// A token for so many.
        token: String,
        /// How many.
        devices: u32,
    },
    /// The first `devices` devices send the facts that they begin with, each over a new connection.
    Facts {
        /// How many.
        devices: usize,
    },
    /// The first `devices` devices ask for their policy `times` times; the answers say how many were unchanged.
    Poll {
        /// How many.
        devices: usize,
        /// How often each.
        times: u32,
    },
    /// The first `devices` devices hold their policy requests from now on.
    Hold {
        /// How many.
        devices: usize,
    },
    /// Nobody holds any more, and all connections are closed.
    Release,
    /// Devices that hold send other facts, one device after the other.
    Change {
        /// The first of them.
        first: usize,
        /// How many.
        devices: usize,
        /// Which facts.
        what: change::What,
    },
    /// An advertisement is published, and all devices that hold should hear of it.
    Advertise {
        /// What is published.
        advertisement: Box<CreateAdvertisement>,
        /// How long that may take.
        within_s: u64,
    },
    /// The first `devices` devices send status messages as fast as the site takes them.
    Status {
        /// How many.
        devices: usize,
        /// For how long.
        seconds: u64,
        /// Messages in one batch.
        batch: u64,
        /// What they are about.
        subject: status::Subject,
    },
    /// The first `devices` devices say once where they are with each of several advertisements.
    Arrive {
        /// How many.
        devices: usize,
        /// The advertisements.
        subjects: Vec<status::Subject>,
    },
    /// An administrator reads the members of a collection.
    Members {
        /// The collection.
        collection: Name,
        /// Pages of 1000, from the beginning on.
        pages: usize,
    },
    /// An administrator lists 200 advertisements.
    Advertisements {
        /// How often.
        times: usize,
    },
    /// Puts devices into a site's database, without the site.
    Fill {
        /// Its address, as in `site.toml` with an absolute path.
        database: String,
        /// How many.
        devices: u32,
    },
}

/// The load process's state.
pub struct Load {
    administrator: SiteApi,
    fleet: Fleet,
    holders: Option<Holders>,
}

impl Load {
    /// No devices yet, of the site at `site`, whose administrator `administrator` is.
    #[must_use]
    pub const fn new(site: BaseUrl, administrator: SiteApi, seed: u64) -> Self {
        Self { administrator, fleet: Fleet::new(site, seed), holders: None }
    }

    /// Does what a line says. The answer is a line too.
    pub async fn answer(&mut self, line: &str) -> String {
        let done = match serde_json::from_str(line).context("not a command") {
            Ok(command) => self.run(command).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => json!({ "done": done }).to_string(),
            Err(error) => json!({ "error": format!("{error:#}") }).to_string(),
        }
    }

    async fn run(&mut self, command: Command) -> anyhow::Result<Value> {
        let began = Instant::now();
        match command {
            Command::Enrol { token, devices } => self.fleet.enrol(&token, devices).await?,
            Command::Facts { devices } => self.facts(devices).await?,
            Command::Poll { devices, times } => return self.poll(devices, times).await,
            Command::Hold { devices } => self.holders = Some(Holders::start(self.fleet.devices(0..devices)).await?),
            Command::Release => self.release().await?,
            Command::Change { first, devices, what } => {
                return change::run(&self.fleet, self.holding()?, first..first + devices, what).await;
            }
            Command::Advertise { advertisement, within_s } => {
                return wave::run(&self.administrator, self.holding()?, &advertisement, within_s).await;
            }
            Command::Status { devices, seconds, batch, subject } => {
                return status::run(&self.fleet, devices, seconds, batch, &subject.into()).await;
            }
            Command::Arrive { devices, subjects } => return status::arrive(&self.fleet, devices, subjects).await,
            Command::Members { collection, pages } => {
                return lists::members(&self.administrator, &collection, pages).await;
            }
            Command::Advertisements { times } => return lists::advertisements(&self.administrator, times).await,
            Command::Fill { database, devices } => fill::fill(&database, devices).await?,
        }
        Ok(json!({ "devices": self.fleet.len(), "elapsed_s": began.elapsed().as_secs_f64() }))
    }

    async fn facts(&self, devices: usize) -> anyhow::Result<()> {
        let send = async |device: &crate::Device| {
            device.hang_up()?;
            device.send_facts(Variation::default()).await
        };
        self.fleet.each(0..devices, send).await?;
        Ok(())
    }

    async fn poll(&self, devices: usize, times: u32) -> anyhow::Result<Value> {
        let ask = async |device: &crate::Device| {
            let mut unchanged = 0_u64;
            for _ in 0..times {
                match device.poll(0).await? {
                    Polled::Unchanged => unchanged += 1,
                    Polled::Changed(policy) => drop(device.verify(&policy)?),
                }
            }
            Ok(unchanged)
        };
        let began = Instant::now();
        let unchanged: u64 = self.fleet.each(0..devices, ask).await?.into_iter().sum();
        Ok(json!({ "unchanged": unchanged, "elapsed_s": began.elapsed().as_secs_f64() }))
    }

    async fn release(&mut self) -> anyhow::Result<()> {
        self.holders = None;
        self.fleet.each(0..self.fleet.len(), async |device| device.hang_up()).await?;
        Ok(())
    }

    fn holding(&self) -> anyhow::Result<&Holders> {
        self.holders.as_ref().context("no device holds a request")
    }
}
