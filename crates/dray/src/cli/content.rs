//! `dray content`: what content costs to move, and content stores: in folders of this computer, and that of the site.
//!
//! Commands on folders need no site, and each is a process of its own, so that its processor time and memory can be measured from outside.
//! Those that look after a store ask the site when no folder is named: one word for one thing in both.

use std::path::Path;

use clap::Subcommand;

use crate::error::Outcome;
use crate::output::Output;

mod apply;
mod check;
mod cost;
mod export;
mod gc;
mod held;
mod import;
mod ingest;
mod mend;
mod plan;
mod prepare;
mod progress;
mod site;
mod source;
mod stats;
mod store;
mod verify;
mod ways;
mod wire;

/// Commands on content.
#[derive(Debug, Subcommand)]
pub(crate) enum ContentCommand {
    /// Show what a client that has OLD would download to get NEW, without publishing anything
    Plan(plan::Plan),
    /// Add a folder or a file to a content store
    Ingest(ingest::Ingest),
    /// Create the update from one content of a store to another
    Prepare(prepare::Prepare),
    /// Build a folder from a content store, reusing what another folder holds
    Apply(apply::Apply),
    /// Show what a content store holds, the site's or one in a folder
    Stats(stats::Stats),
    /// Read every object of a content store, the site's or one in a folder, and report and repair damage
    Verify(verify::Verify),
    /// Delete unused objects from a content store, the site's or one in a folder
    Gc(gc::Gc),
    /// Copy contents from a content store, the site's or one in a folder, into a folder of objects
    Export(export::Export),
    /// Restore missing or damaged objects of a content store, the site's or one in a folder, from a folder of objects
    Import(import::Import),
}

impl ContentCommand {
    /// Does what the command says.
    pub(crate) fn run(self, output: Output, profile: Option<&Path>) -> Outcome {
        let site = site::Asking::new(output, profile);
        match self {
            Self::Plan(command) => command.run(output),
            Self::Ingest(command) => command.run(output),
            Self::Prepare(command) => command.run(output),
            Self::Apply(command) => command.run(output),
            Self::Stats(command) => command.run(output, &site),
            Self::Verify(command) => command.run(output, &site),
            Self::Gc(command) => command.run(output, &site),
            Self::Export(command) => command.run(output, &site),
            Self::Import(command) => command.run(output, &site),
        }
    }
}
