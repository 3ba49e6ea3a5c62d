//! What a store remembers of the folders that were ingested into it: `sources/<digest of the folder's path>`.
//!
//! It is a cache: one that can't be used costs a reading.

use std::fs;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::{Incoming, StoreError};
use crate::Limits;
use crate::ingest::SourceIndex;

/// Where the index of a folder is kept.
#[derive(Debug)]
pub struct KeptIndex {
    path: PathBuf,
}

impl KeptIndex {
    /// That of `folder`, in the store at `root`.
    pub(super) fn of(root: &Path, folder: &Path) -> Result<Self, StoreError> {
        let whole = fs::canonicalize(folder).map_err(StoreError::file("read", folder))?;
        let sources = root.join("sources");
        fs::create_dir_all(&sources).map_err(StoreError::file("make", &sources))?;
        let name = Digest::of(whole.as_os_str().as_encoded_bytes());
        Ok(Self { path: sources.join(name.to_string()) })
    }

    /// The index; an empty one when there is none that can be used.
    #[must_use]
    pub fn load(&self, limits: &Limits) -> SourceIndex {
        // What is wrong with a damaged one is of no use to anybody: it is replaced when this ingest ends.
        SourceIndex::load(&self.path, limits).ok().flatten().unwrap_or_default()
    }

    /// Replaces it, by way of `incoming`.
    ///
    /// # Errors
    /// [`StoreError::Index`].
    pub fn save(&self, index: &SourceIndex, incoming: &Incoming) -> Result<(), StoreError> {
        let saved = index.save(&self.path, &incoming.path().join("source-index"));
        saved.map_err(|source| StoreError::Index { path: self.path.clone(), source })
    }
}
