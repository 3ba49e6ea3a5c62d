//! `dray agent`: the commands of `dray-agent`, with the very same code.
//!
//! Its command line is parsed apart from ours: it has options of its own that are called like our global ones.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Command, Parser, Subcommand as _};
use dray_agent::command::AgentCommand;

use crate::error::Outcome;

/// Everything after `dray agent`.
#[derive(Debug, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "dray agent <COMMAND>",
    after_help = "dray agent --help lists its commands."
)]
pub(crate) struct AgentLine {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<OsString>,
}

/// The client agent on this computer
#[derive(Debug, Parser)]
#[command(name = "dray agent", bin_name = "dray agent", version, arg_required_else_help = true)]
struct Agent {
    #[command(subcommand)]
    command: AgentCommand,
}

impl AgentLine {
    /// Parses the rest of the line and carries it out.
    pub(crate) fn run(self) -> Outcome<ExitCode> {
        let line = std::iter::once(OsString::from("dray agent")).chain(self.words);
        Ok(dray_agent::command::run(Agent::parse_from(line).command, &["agent"])?)
    }
}

/// The whole command, for completion.
pub(super) fn full_command(agent: &Command) -> Command {
    let about = agent.get_about().cloned();
    let full = AgentCommand::augment_subcommands(Command::new("agent"));
    match about {
        Some(about) => full.about(about),
        None => full,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Dray;

    #[test]
    fn the_agents_options_are_its_own() {
        Agent::command().debug_assert();
        let line = Agent::try_parse_from(["dray agent", "status", "--output", "json"]);
        assert!(line.is_ok(), "{line:?}");
        for line in
            ["dray agent status --output json", "dray agent --help", "dray --exit-with-parent agent run --folder x"]
        {
            assert!(Dray::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }
}
