//! `dray content plan`: what an update would cost, before anything is published.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::cost::Comparison;
use super::progress::Work;
use super::source::{Reading, Source};
use super::store::{FolderStore, cannot};
use crate::error::Outcome;
use crate::output::{Format, Output};

/// Arguments of `content plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The folder or file that the receiver holds
    old: PathBuf,
    /// The folder or file that it is to get
    new: PathBuf,
    /// Tell it for each file that changed
    #[arg(long)]
    verbose: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Plan {
    pub(super) fn run(self, output: Output) -> Outcome {
        let temporary = tempfile::Builder::new().prefix("dray-plan-").tempdir();
        let temporary = temporary.map_err(|error| cannot("write to", &std::env::temp_dir(), &error))?;
        let store = FolderStore::make(temporary.path().join("store"))?;
        // Two files that are compared are two versions of one file, whatever they are called.
        let name = self.new.file_name();
        let read = |path, step| Source::open(path, name)?.ingest(&store, self.reading, &Work::new(output, step));
        let (old, new) = (read(&self.old, "reading the old")?, read(&self.new, "reading the new")?);
        let comparison = Comparison::new(&old.manifest, &Arc::new(new.manifest), new.manifest_bytes.len() as u64)?;
        if !self.verbose {
            return output.show(&comparison.without_files());
        }
        output.show(&comparison)?;
        match output.format() {
            Format::Table => output.list(comparison.changes()),
            Format::Json | Format::Yaml => Ok(()),
        }
    }
}
