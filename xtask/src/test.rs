//! `cargo xtask test`: everything that has to hold before a change lands.

use std::process::Command;

use crate::process::{cargo, run};
use crate::{lint, prerequisites, tidy};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out formatting and clippy
    #[arg(long)]
    no_lint: bool,
}

pub(crate) fn test(arguments: &Arguments) -> anyhow::Result<()> {
    prerequisites::ensure()?;
    tidy::tidy()?;
    if arguments.no_lint {
        eprintln!("lint: left out");
    } else if has_component("clippy") && has_component("fmt") {
        lint::lint()?;
    } else {
        eprintln!("lint: left out, because clippy or rustfmt is not installed (rustup component add clippy rustfmt)");
    }
    run(cargo().args(["test", "--workspace", "--no-fail-fast"]))
}

fn has_component(name: &str) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo).args([name, "--version"]).output().is_ok_and(|output| output.status.success())
}
