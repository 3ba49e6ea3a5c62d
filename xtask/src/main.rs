//! The project's own commands: `cargo xtask <test|lint|tidy|demo|api|bench>`.
//!
//! Each command is a file. They drive cargo and the built programs from outside and import none of the project's crates.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks to people")]

mod api;
mod bench;
mod demo;
mod lint;
mod prerequisites;
mod process;
mod test;
mod tidy;
mod wheel;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Test, check and measure Dray")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need, check the house rules, and run every test
    Test(test::Arguments),
    /// Check formatting, run clippy, warnings being errors, and cargo deny
    Lint,
    /// Check who imports whom, the map against the crates, and the shape of the files
    Tidy,
    /// Build the release program and run the demo; arguments go to `dray demo`
    Demo(demo::Arguments),
    /// Hold the API of a real site against its description with schemathesis, which it installs; arguments go to `schemathesis run`
    Api(api::Arguments),
    /// Measure the programs as they ship and print figures beside their limits
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    if let Some(code) = bench::build::wrap() {
        return code;
    }
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Test(arguments) => test::test(&arguments),
        Command::Lint => lint::lint(),
        Command::Tidy => tidy::tidy(),
        Command::Demo(arguments) => demo::demo(&arguments),
        Command::Api(arguments) => api::api(&arguments),
        Command::Bench(arguments) => bench::bench(&arguments),
    }
}

/// The workspace's root folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}
