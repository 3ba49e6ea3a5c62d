//! Dray in one binary: the site server, the distribution point, the client agent, the administrator's tool and the demonstration.
//!
//! This file starts what the command line names and turns its outcome into an exit code; nothing else.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

use std::process::ExitCode;

mod cli;
mod clock;
mod demo;
mod error;
mod input;
mod output;
mod parent;
mod profile;
mod serve;

fn main() -> ExitCode {
    dray_trust::install_provider();
    let dray: cli::Dray = cli::parse();
    let format = dray.global.output;
    if dray.global.exit_with_parent {
        parent::end_with_parent();
    }
    dray.run().unwrap_or_else(|failure| failure.report(format))
}
