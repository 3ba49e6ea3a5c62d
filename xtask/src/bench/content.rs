//! Contents: a large package through a whole site, serving beside nginx, and pairs of versions of real packages through the local
//! commands.

mod bars;
mod corpus;
mod dray;
mod noise;
mod package;
mod peers;
mod plain;
mod point;
mod same;
mod serving;
mod tools;

use std::path::PathBuf;

use super::report::Report;

/// What `cargo xtask bench content` is asked.
#[derive(clap::Args)]
pub(super) struct Options {
    /// content: measure updates between the pairs of versions in this folder: NAME/{old,new} trees, NAME/{old,new}.archive files
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// content: only the pair of this name; may be given several times
    #[arg(long = "pair", value_name = "NAME", requires = "corpus")]
    pairs: Vec<String>,
    /// content: how much is spent on making an update small
    #[arg(long, value_enum, default_value_t, requires = "corpus")]
    level: Level,
    /// content: measure the peers that are installed here on the same pairs
    #[arg(long, requires = "corpus")]
    peers: bool,
    /// content: the program dray to measure, instead of building one
    #[arg(long, value_name = "FILE", requires = "corpus")]
    dray: Option<PathBuf>,
}

/// How much is spent on making an update small.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Level {
    /// What is made while somebody waits for the release
    #[default]
    Publish,
    /// What is made afterwards for packages with many receivers
    Background,
}

impl Options {
    /// Whether anything was asked that only this benchmark understands.
    pub(super) const fn is_given(&self) -> bool {
        self.corpus.is_some()
    }
}

pub(super) fn measure(options: &Options) -> anyhow::Result<Report> {
    let mut figures = match &options.corpus {
        None => Vec::new(),
        Some(corpus) => corpus::measure(corpus, options)?,
    };
    // Anyone who asks for single pairs wants those alone.
    if options.pairs.is_empty() {
        figures.extend(serving::measure()?);
        figures.extend(package::measure()?);
    }
    Ok(Report::new("content", figures))
}

impl Level {
    /// The word for it on the command line.
    const fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Background => "background",
        }
    }
}
