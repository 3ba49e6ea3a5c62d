//! Running other programs: what ran and how it ended is always told.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

/// The profile of what ships, but for the agent, which has one of its own. `release` is built sooner and runs slower.
pub(crate) const SHIPPED: &str = "dist";

/// A cargo command in the workspace's root, with the cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::root());
    command
}

/// Runs `command` with our own input and output; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// Runs `command` and gives what it printed to its standard output; anything but exit code 0 is an error.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = shown(command);
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown} ended with {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("{shown} printed something that is not UTF-8"))
}

/// Builds with the profile that ships, and returns the folder of what was built.
pub(crate) fn build_shipped(what: &[&str]) -> anyhow::Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--profile", SHIPPED]).args(what))?;
    Ok(target_folder().join(SHIPPED))
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from)
}

/// A command as it would be typed.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
