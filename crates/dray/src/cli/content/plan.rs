//! `dray content plan`: what an update would cost, before anything is published.

use dray_content::store::FolderStore;
use std::path::{Path, PathBuf};

use clap::Args;

use super::held::Held;
use super::prepare::Effort;
use super::progress::Work;
use super::source::{Reading, Source, known_chunks};
use super::store::cannot;
use crate::error::Outcome;
use crate::output::Output;

/// Arguments of `content plan`.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Folder or file that the clients have
    old: PathBuf,
    /// Folder or file that they should get
    new: PathBuf,
    #[command(flatten)]
    effort: Effort,
    #[command(flatten)]
    reading: Reading,
}

impl Plan {
    pub(super) fn run(self, output: Output) -> Outcome {
        let temporary = tempfile::Builder::new().prefix("dray-plan-").tempdir();
        let temporary = temporary.map_err(|error| cannot("write to", &std::env::temp_dir(), &error))?;
        let store = FolderStore::make(temporary.path().join("store"))?;
        let read = |path: &Path, step| {
            // Two files that are compared are two versions of one file, whatever they are called.
            let source = Source::open(path, self.new.file_name())?;
            let known = known_chunks(&store)?;
            let ingested = source.ingest(&store, self.reading, &known, &Work::new(output, step))?;
            let manifest_bytes = ingested.manifest_bytes.len() as u64;
            Outcome::Ok((Held::ingested(source, ingested), manifest_bytes))
        };
        let (old, _) = read(&self.old, "reading the old")?;
        let (new, manifest_bytes) = read(&self.new, "reading the new")?;
        let prepared = self.effort.prepare(&store, &old, &new, &Work::new(output, "preparing"))?;
        self.effort.show(output, &old, new, manifest_bytes, prepared.as_deref())
    }
}
