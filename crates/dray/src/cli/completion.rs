//! `dray completion`: a script that completes the command line, made from the commands themselves.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Dray;
use super::agent::full_command;
use crate::error::Outcome;
use crate::output::print;

/// Arguments of `completion`.
#[derive(Debug, Args)]
pub(crate) struct CompletionCommand {
    /// Shell to complete for
    shell: Shell,
}

impl CompletionCommand {
    /// Prints the script.
    pub(crate) fn run(self) -> Outcome {
        let mut script = Vec::new();
        let mut command = Dray::command().mut_subcommand("agent", |agent| full_command(&agent));
        clap_complete::generate(self.shell, &mut command, "dray", &mut script);
        print(&String::from_utf8_lossy(&script))
    }
}
