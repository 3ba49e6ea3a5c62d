//! The client-only binary: nothing but the agent's command line.

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

fn main() -> anyhow::Result<ExitCode> {
    command::run(Arguments::parse().command, &[])
}
