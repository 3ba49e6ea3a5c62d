//! `cargo xtask bench NAME`: figures from programs as they ship, each beside the limit or the peer that it is held against.
//!
//! To add one: a file in `bench/` that returns a [`Report`], and its name in [`Bench`].

mod agent;
pub(crate) mod build;
mod content;
mod fleet;
mod latency;
mod metered;
mod report;
pub(crate) mod stage;

use anyhow::bail;
use report::Report;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure
    bench: Bench,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    content: content::Options,
    #[command(flatten)]
    fleet: fleet::Options,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Bench {
    /// What a cold build of the demo costs; needs minutes and some gigabytes
    Build,
    /// From the nudge to the start of the program
    Latency,
    /// Size, memory and wake-ups of the agent
    Agent,
    /// Ingest and first download of a large package: memory and time; with --corpus, updates between versions of real packages
    Content,
    /// What thousands of clients cost their site, on SQLite and PostgreSQL
    Fleet,
}

pub(crate) fn bench(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.content.is_given() && !matches!(arguments.bench, Bench::Content) {
        bail!("--corpus is an option of the benchmark content");
    }
    if arguments.fleet.is_given() && !matches!(arguments.bench, Bench::Fleet) {
        bail!("--devices, --stored and --database are options of the benchmark fleet");
    }
    let report: Report = match arguments.bench {
        Bench::Build => build::measure()?,
        Bench::Latency => latency::measure()?,
        Bench::Agent => agent::measure()?,
        Bench::Content => content::measure(&arguments.content)?,
        Bench::Fleet => fleet::measure(&arguments.fleet)?,
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print!("{}", report.table());
    }
    if !report.met() {
        bail!("not every limit of the benchmark {} is met", report.bench);
    }
    Ok(())
}
