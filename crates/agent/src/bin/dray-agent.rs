//! The client-only binary: nothing but the agent's command line.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use dray_agent::command::{self, AgentCommand};

/// The Dray client agent.
#[derive(Debug, Parser)]
#[command(name = "dray-agent", version)]
struct Arguments {
    #[command(subcommand)]
    command: AgentCommand,
}

fn main() -> ExitCode {
    command::run(Arguments::parse().command, &[]).unwrap_or_else(|error| {
        // Without an error output only the exit code is left to tell.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}
