//! The command line of the agent, the same in `dray-agent` and in `dray agent`.
//!
//! To add a command: a variant of [`AgentCommand`], a file here with its arguments and what it does. Commands that only ask
//! go through `control` and work without a running agent.

mod enrol;
mod output;
mod programs;
mod run;
mod status;
mod why;
mod yaml;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde::de::DeserializeOwned;

use crate::control::{self, Answer, Request, Source};
use crate::folder::{self, Folder};

/// What the agent can be told to do.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Enrol this computer with a site.
    Enrol(enrol::Enrol),
    /// Run the agent in the foreground, as a service manager would.
    Run(run::Run),
    /// Show this device's identity and its connection to the site.
    Status(status::Status),
    /// List the programs advertised to this device, or start an optional one.
    Programs(programs::Programs),
    /// Explain why a program is or is not installed.
    Why(why::Why),
    /// Start and watch one program (used by the agent itself).
    #[command(hide = true)]
    Runner {
        /// Folder of the run.
        folder: PathBuf,
    },
}

/// Where the agent lives.
#[derive(Debug, Clone, Args)]
pub struct AtFolder {
    /// Folder of the agent.
    #[arg(long, value_name = "DIR", default_value = folder::DEFAULT)]
    folder: PathBuf,
}

/// How an answer is shown.
#[derive(Debug, Clone, Args)]
pub struct Shown {
    #[command(flatten)]
    at: AtFolder,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned text.
    Table,
    /// JSON.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Carries out a command. `prefix` are the arguments with which the calling program gets here (`["agent"]` in `dray`),
/// because the agent starts itself again as a runner.
///
/// # Errors
/// The command's own; they are for people.
pub fn run(command: AgentCommand, prefix: &[&str]) -> anyhow::Result<ExitCode> {
    match command {
        AgentCommand::Enrol(command) => command.carry_out()?,
        AgentCommand::Run(command) => command.carry_out(prefix)?,
        AgentCommand::Status(command) => command.carry_out()?,
        AgentCommand::Programs(command) => command.carry_out()?,
        AgentCommand::Why(command) => command.carry_out()?,
        AgentCommand::Runner { folder } => {
            crate::runner::run(&folder)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl AtFolder {
    fn open(&self) -> anyhow::Result<Folder> {
        Ok(Folder::at(&self.folder)?)
    }
}

impl Shown {
    /// Asks the agent; prints JSON or YAML as it came, and otherwise what `table` makes of it.
    fn ask<T: DeserializeOwned>(&self, request: &Request, table: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let folder = self.at.open()?;
        let (answer, source) = runtime()?.block_on(control::ask(&folder, request))?;
        let value = match answer {
            Answer::Done(value) => value,
            Answer::Refused(sentence) => anyhow::bail!(sentence),
        };
        if source == Source::Memory {
            output::note("the agent is not running; this is its last saved state");
        }
        match self.output {
            Format::Json => output::print(&serde_json::to_string_pretty(&value)?),
            Format::Yaml => output::print(&yaml::write(&value)),
            Format::Table => {
                let value = serde_json::from_value(value)
                    .context("the running agent is a different version from this command; restart the agent")?;
                output::print(&table(&value))
            }
        }
    }
}

/// One thread for everything, and few for what blocks: an agent is small.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    dray_trust::install_provider();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().max_blocking_threads(4);
    builder.build().context("cannot start the async runtime")
}
