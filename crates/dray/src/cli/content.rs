//! `dray content`: what content costs to move, and content stores in folders of this computer. Needs no site.
//!
//! Each command is a process of its own, so that its processor time and memory can be measured from outside.

use clap::Subcommand;

use crate::error::Outcome;
use crate::output::Output;

mod apply;
mod cost;
mod held;
mod ingest;
mod plan;
mod prepare;
mod progress;
mod source;
mod store;
mod ways;
mod wire;

/// Commands on content.
#[derive(Debug, Subcommand)]
pub(crate) enum ContentCommand {
    /// Show what whoever holds OLD fetches to get NEW; nothing is published
    Plan(plan::Plan),
    /// Put a folder or a file into a content store
    Ingest(ingest::Ingest),
    /// Make the update from one content of a store to another
    Prepare(prepare::Prepare),
    /// Make a folder from a content store and what another folder holds
    Apply(apply::Apply),
}

impl ContentCommand {
    /// Does what the command says.
    pub(crate) fn run(self, output: Output) -> Outcome {
        match self {
            Self::Plan(command) => command.run(output),
            Self::Ingest(command) => command.run(output),
            Self::Prepare(command) => command.run(output),
            Self::Apply(command) => command.run(output),
        }
    }
}
