//! What a store remembers of the folders that were ingested into it: `sources/<digest of the folder's path>`.
//!
//! It is a cache: one that can't be used costs a reading.

use std::fs;
use std::path::{Path, PathBuf};

use dray_content::Limits;
use dray_content::ingest::SourceIndex;
use dray_model::Digest;
use tempfile::TempDir;

use super::cannot;
use crate::error::{Failure, Outcome};

/// Where the index of a folder is kept.
pub(crate) struct KeptIndex {
    path: PathBuf,
}

impl KeptIndex {
    /// That of `folder`, in the store at `root`.
    pub(super) fn of(root: &Path, folder: &Path) -> Outcome<Self> {
        let whole = fs::canonicalize(folder).map_err(|error| cannot("read", folder, &error))?;
        let sources = root.join("sources");
        fs::create_dir_all(&sources).map_err(|error| cannot("make", &sources, &error))?;
        let name = Digest::of(whole.as_os_str().as_encoded_bytes());
        Ok(Self { path: sources.join(name.to_string()) })
    }

    /// The index; an empty one when there is none that can be used.
    pub(crate) fn load(&self, limits: &Limits) -> SourceIndex {
        // What is wrong with a damaged one is of no use to anybody: it is replaced when this ingest ends.
        SourceIndex::load(&self.path, limits).ok().flatten().unwrap_or_default()
    }

    /// Replaces it, by way of `incoming`.
    pub(crate) fn save(&self, index: &SourceIndex, incoming: &TempDir) -> Outcome {
        let saved = index.save(&self.path, &incoming.path().join("source-index"));
        saved.map_err(|error| Failure::failed(format!("can't write {}", self.path.display())).because(&error))
    }
}
