//! The load process: simulated clients of one site, told what to do by lines of JSON on the standard input.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program speaks to who started it")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use dray_client::BaseUrl;
use dray_sim::administrator::administrator;
use dray_sim::load::Load;

/// Simulated Dray clients. Reads commands from the standard input, one JSON object a line; see `dray_sim::load`.
#[derive(Debug, Parser)]
#[command(name = "dray-sim", version)]
struct Arguments {
    /// Where clients reach the site
    #[arg(long)]
    site: BaseUrl,
    /// The administrator's profile, as `dray site init` writes it
    #[arg(long)]
    profile: PathBuf,
    /// What the devices' facts follow from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    dray_trust::tls::install_provider();
    match serve(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Answers commands until there are no more. Devices that hold their requests go on between two of them.
fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let administrator = administrator(&arguments.profile)?;
    let mut load = Load::new(arguments.site, administrator, arguments.seed);
    for line in std::io::stdin().lines() {
        let line = line.context("cannot read the next command")?;
        println!("{}", runtime.block_on(load.answer(&line)));
    }
    Ok(())
}
