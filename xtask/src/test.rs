//! `cargo xtask test`: everything that has to hold before a change lands.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::process::cargo;
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
    let mut tally = Tally::default();
    let succeeded = run_tests(&mut tally, &["--workspace"], None)?
        & run_tests(&mut tally, &["--package", "dray-site", "--package", "dray-api"], Some(ON_POSTGRES))?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if succeeded { Ok(()) } else { bail!("tests failed; their names stand above") }
}

/// Tests of all crates together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

/// Has the tests that make a site keep its data in PostgreSQL, on a server that they start themselves.
const ON_POSTGRES: (&str, &str) = ("DRAY_TEST_DATABASE", "postgres");

/// Runs the tests of `crates`, repeats what they print, and counts them over all crates. False when one failed.
fn run_tests(tally: &mut Tally, crates: &[&str], variable: Option<(&str, &str)>) -> anyhow::Result<bool> {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast"]).args(crates).envs(variable).stdout(Stdio::piped());
    let mut child = command.spawn().context("cannot start cargo test")?;
    let printed = child.stdout.take().context("cargo test has no output")?;
    for line in BufReader::new(printed).split(b'\n') {
        let line = line.context("cannot read what cargo test prints")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.add(&line);
    }
    Ok(child.wait().context("cannot wait for cargo test")?.success())
}

impl Tally {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; …`; others change nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let count = |word: &str| {
            let before = result.split_once(word)?.0.trim_end();
            before.rsplit(' ').next()?.parse::<u64>().ok()
        };
        self.passed += count(" passed").unwrap_or(0);
        self.failed += count(" failed").unwrap_or(0);
    }
}

fn has_component(name: &str) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo).args([name, "--version"]).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_crates_are_added() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 30 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test tree::an_entry_passed ... ok",
            "test result: FAILED. 24 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.57s",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 54, failed: 1 });
    }
}
