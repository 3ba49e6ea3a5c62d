//! `run`: the agent itself, in the foreground, with its log on the error output.

use std::io::IsTerminal;

use anyhow::Context;
use clap::Args;
use dray_client::content::BytesPerSecond;
use tracing::level_filters::LevelFilter;

use super::{AtFolder, runtime};
use crate::engine;
use crate::platform::{self, Shutdown};
use crate::runs::RunnerProgram;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    at: AtFolder,
    /// Log level: error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value_t = LevelFilter::INFO, env = "DRAY_AGENT_LOG")]
    log: LevelFilter,
    /// Limit downloads to this many bytes per second, like 800k or 2.5M. Default: no limit.
    #[arg(long, value_name = "RATE", env = "DRAY_AGENT_MAX_RATE")]
    max_rate: Option<BytesPerSecond>,
}

impl Run {
    pub(super) fn carry_out(self, prefix: &[&str]) -> anyhow::Result<()> {
        // A program around this one may have a log of its own already.
        let _ = tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_max_level(self.log)
            .try_init();
        platform::give_memory_back();
        let folder = self.at.open()?;
        let runtime = runtime()?;
        let served = runtime.block_on(async {
            let mut shutdown = Shutdown::listen().context("cannot watch for signals")?;
            Ok(engine::serve(&folder, RunnerProgram::own(prefix), self.max_rate, shutdown.wanted()).await?)
        });
        // Work in other threads (a tree that is being checked) is not waited for: it has to bear a crash too.
        runtime.shutdown_background();
        served
    }
}
