//! The command line of the agent, the same in `dray-agent` and in `dray agent`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

/// What the agent can be told to do.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Watch one program (for the agent itself).
    #[command(hide = true)]
    Runner {
        /// The run's folder.
        folder: PathBuf,
    },
}

/// Carries out a command. `prefix` are the arguments with which the calling program gets here (`["agent"]` in `dray`),
/// because the agent starts itself again as a runner.
///
/// # Errors
/// The command's own; they are for people.
pub fn run(command: AgentCommand, prefix: &[&str]) -> anyhow::Result<ExitCode> {
    let _ = prefix;
    match command {
        AgentCommand::Runner { folder } => {
            crate::runner::run(&folder)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
