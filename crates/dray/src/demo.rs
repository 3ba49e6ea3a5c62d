//! `dray demo`: a whole distribution on this machine, from a source folder to reported runs, and an update after it.
//!
//! The site, the point and the agents are child processes of this very binary, with folders and loopback ports of their own: what
//! is seen works the same across machines. Nothing outlives the demonstration: children end with it, however it ends, and its
//! temporary folder goes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::error::{Failure, Outcome};
use crate::output::{Format, Output};
use crate::serve::shutdown;

mod bytes;
mod children;
mod folder;
mod leftovers;
mod ports;
mod report;
mod sample;
mod stage;
mod story;
mod voice;
mod watch;

use folder::DemoFolder;
use report::Report;
use stage::Stage;
use voice::Voice;

/// A step that takes longer has failed.
const STEP_LIMIT: Duration = Duration::from_secs(120);

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoCommand {
    /// New or empty folder for everything that the demo creates [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Source folder of the package [default: this program and a script that installs it]
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    /// Number of agents
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    agents: u32,
    /// Exit after the last step instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print one JSON object at the end and nothing else
    #[arg(long)]
    json: bool,
    /// Keep the folder afterwards
    #[arg(long)]
    keep: bool,
}

impl DemoCommand {
    /// Runs the demonstration; an error when any step fails.
    pub(crate) fn run(self, output: Output) -> Outcome {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::failed("cannot start the async runtime").because(&error))?;
        runtime.block_on(self.perform(output))
    }

    async fn perform(self, output: Output) -> Outcome {
        let folder = DemoFolder::create(self.folder.as_deref(), self.keep)?;
        let json = self.json || output.format() != Format::Table;
        let stage = Stage::new(folder.path(), Voice::new(json));
        let mut end = std::pin::pin!(told_to_end());
        let told = tokio::select! {
            told = story::tell(&stage, self.agents, self.package.as_deref()) => told,
            signal = &mut end => Err(Failure::failed(format!("interrupted by {}", signal?))),
        };
        let outcome = match told {
            Ok(report) => self.finish(&stage, &report, output, end).await,
            Err(failure) => Err(failure),
        };
        stage.children.stop().await;
        leftovers::end_programs(folder.path());
        let removed = folder.remove();
        outcome.and(removed)
    }

    /// Prints the result, and serves on unless that was all.
    async fn finish(
        &self,
        stage: &Stage,
        report: &Report,
        output: Output,
        end: impl Future<Output = Outcome<&'static str>>,
    ) -> Outcome {
        if stage.voice.is_silent() {
            output.json().either(String::new, report)?;
        }
        if self.once {
            return Ok(());
        }
        story::say_where(stage, report);
        serve_until(stage, end).await
    }
}

/// Serves until a signal comes or a child ends by itself.
async fn serve_until(stage: &Stage, end: impl Future<Output = Outcome<&'static str>>) -> Outcome {
    stage.voice.say("everything keeps running; press Ctrl-C to stop it");
    tokio::select! {
        signal = end => signal.map(|_| ()),
        failure = stage.children.first_to_end() => Err(failure),
    }
}

/// Waits for SIGTERM or SIGINT, or for the end of the terminal that somebody watches.
async fn told_to_end() -> Outcome<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())
            .map_err(|error| Failure::failed("cannot watch for signals").because(&error))?;
        tokio::select! {
            asked = shutdown::requested() => asked,
            _ = hangup.recv() => Ok("SIGHUP"),
        }
    }
    #[cfg(not(unix))]
    shutdown::requested().await
}
