//! `dray point enrol|serve|import|status`: a distribution point in a folder of this machine.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, value_parser};
use dray_client::content::BytesPerSecond;
use dray_client::{BaseUrl, HttpLimits};
use dray_point::summary::Contact;
use dray_point::{Point, PointConfig, Summary};
use serde::Serialize;

use super::log::LogOptions;
use super::{block_on, shutdown};
use crate::cli::state_words;
use crate::clock;
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes, count, time};

/// Commands on a distribution point of this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum PointCommand {
    /// Enrol this machine as the distribution point that a token was created for
    Enrol {
        #[command(flatten)]
        folder: PointFolder,
        /// Address at which the site serves clients and points, for example https://site.example:8441
        #[arg(long)]
        site: BaseUrl,
        /// Enrolment token, from dray enrolment-token create --point NAME
        #[arg(long, env = "DRAY_ENROLMENT_TOKEN", hide_env_values = true)]
        token: String,
    },
    /// Run the distribution point until SIGTERM or Ctrl-C
    Serve {
        #[command(flatten)]
        folder: PointFolder,
        /// Address and port to listen on for clients
        #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8442")]
        listen: SocketAddr,
        /// Limit all downloads from the site together to this many bytes per second, like 800k or 2.5M [default: no limit]
        #[arg(long, value_name = "RATE", env = "DRAY_POINT_MAX_RATE")]
        max_rate: Option<BytesPerSecond>,
        /// Serve so many connections at a time; more wait until one ends
        #[arg(long, value_name = "NUMBER", env = "DRAY_POINT_CONNECTIONS", default_value_t = 512, value_parser = value_parser!(u32).range(16..=1_000_000))]
        connections: u32,
        #[command(flatten)]
        log: LogOptions,
    },
    /// Copy objects from a folder, such as an export, to save downloading them; the point must not be running
    Import {
        #[command(flatten)]
        folder: PointFolder,
        /// Folder with manifests/, packs/ and updates/
        from: PathBuf,
    },
    /// Show what the point in a folder holds
    Status {
        #[command(flatten)]
        folder: PointFolder,
    },
}

/// Where a point lives.
#[derive(Debug, Args)]
pub(crate) struct PointFolder {
    /// Folder of the distribution point
    #[arg(long = "folder", value_name = "DIR", default_value = "/var/lib/dray-point")]
    dir: PathBuf,
}

impl PointCommand {
    /// Does what the command says.
    pub(crate) fn run(self, output: Output) -> Outcome {
        match self {
            Self::Enrol { folder: PointFolder { dir }, site, token } => block_on(async {
                let name =
                    dray_point::enrol::enrol(&dir, &site, &token, HttpLimits::default()).await.map_err(|error| {
                        Failure::failed(format!("cannot enrol a distribution point in {}", dir.display()))
                            .because(&error)
                    })?;
                output.remark(format!("{} is now the point {name} of {site}", dir.display()))
            }),
            Self::Serve { folder: PointFolder { dir }, listen, max_rate, connections, log } => {
                log.init();
                block_on(serve(dir, listen, max_rate, connections))
            }
            Self::Import { folder: PointFolder { dir }, from } => import(&dir, &from, output),
            Self::Status { folder: PointFolder { dir } } => {
                let attempt = format!("cannot show the point in {}", dir.display());
                let summary = Summary::read(&dir).map_err(|error| Failure::failed(&attempt).because(&error))?;
                let none = || Failure::not_found(format!("{attempt}: no point has ever run there"));
                output.show(&summary.ok_or_else(none)?)
            }
        }
    }
}

impl Shown for Summary {
    fn fields(&self) -> Fields {
        let contact = match &self.contact {
            Contact::None => "not contacted yet".to_owned(),
            Contact::Connected { since } => format!("reachable since {}", time(*since)),
            Contact::Away { since, reason } => format!("unreachable since {}: {reason}", time(*since)),
        };
        let contents: Vec<_> = self
            .contents
            .iter()
            .map(|content| format!("{} {}: {}", content.package, content.source_version, state_words(&content.state)))
            .collect();
        vec![
            ("point", self.point.to_string()),
            ("as of", time(self.at)),
            ("serves at", self.listening.to_string()),
            ("site", format!("{} at {}", self.site, self.site_url)),
            ("the site", contact),
            ("packages", contents.join("\n")),
            ("holds", format!("{} in {}", bytes(self.bytes), count(self.objects, "object"))),
            ("free", self.free_bytes.map(bytes).unwrap_or_default()),
            (
                "served",
                format!("{} in {} since it started", bytes(self.served_bytes), count(self.served_requests, "request")),
            ),
        ]
    }
}

fn import(dir: &Path, from: &Path, output: Output) -> Outcome {
    let attempt = format!("cannot import into the distribution point in {}", dir.display());
    let failed = |error: dray_point::PointError| Failure::failed(&attempt).because(&error);
    if !from.join("manifests").is_dir() {
        let failure = Failure::not_found(format!("{} is not a folder of objects", from.display()));
        return Err(failure.hint("create one with dray content export"));
    }
    if !dir.join("identity").is_dir() {
        let failure = Failure::not_found(format!("{attempt}: no point has been enrolled there"));
        return Err(failure.hint("enrol one with dray point enrol"));
    }
    let folder = dray_point::Folder::open(dir).map_err(failed)?;
    let imported = dray_point::import::import(&folder, from, clock::now()).map_err(failed)?;
    let taken = Taken {
        copied: imported.copied,
        copied_bytes: imported.copied_bytes,
        present: imported.present,
        damaged: imported.damaged.iter().map(ToString::to_string).collect(),
    };
    output.show(&taken)?;
    if taken.damaged.is_empty() {
        return Ok(());
    }
    let are = count(taken.damaged.len() as u64, "object");
    Err(Failure::failed(format!("{are} in {} cannot be used", from.display()))
        .hint("the point will download them from the site"))
}

/// What a point took from a folder.
#[derive(Debug, Serialize)]
struct Taken {
    copied: u64,
    copied_bytes: u64,
    present: u64,
    damaged: Vec<String>,
}

impl Shown for Taken {
    fn fields(&self) -> Fields {
        vec![
            ("copied", format!("{}, {}", count(self.copied, "object"), bytes(self.copied_bytes))),
            ("already there", count(self.present, "object")),
            ("damaged", self.damaged.join("\n")),
        ]
    }
}

async fn serve(dir: PathBuf, listen: SocketAddr, max_rate: Option<BytesPerSecond>, connections: u32) -> Outcome {
    let attempt = format!("cannot serve the distribution point in {}", dir.display());
    let failed = |error: dray_point::PointError| Failure::failed(&attempt).because(&error);
    let mut config = PointConfig::new(dir, listen, Arc::new(clock::now));
    config.hold.bytes_per_s = max_rate.map(BytesPerSecond::get);
    config.serve.connections = connections as usize;
    let running = Point::start(config).await.map_err(failed)?;
    let why = shutdown::requested().await?;
    tracing::info!(why, "ending");
    running.stop().await;
    Ok(())
}
