//! Which content store in a folder a command works on. The stores themselves are [`dray_content::store`].

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use dray_content::store::{FolderStore, Lock, StoreError};

use crate::error::{Failure, Outcome};

/// Which store.
#[derive(Debug, Args)]
pub(super) struct StoreOption {
    /// The content store: a folder with manifests/, packs/ and updates/
    #[arg(long = "store", value_name = "DIR")]
    dir: PathBuf,
}

/// Which store, when it may be that of the site.
#[derive(Debug, Args)]
pub(super) struct AnyStoreOption {
    /// A content store in a folder, with manifests/, packs/ and updates/ [default: that of the site in the profile]
    #[arg(long = "store", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl AnyStoreOption {
    /// The one in a folder; `None` when the site's is meant.
    pub(super) fn folder(self) -> Option<StoreOption> {
        self.dir.map(|dir| StoreOption { dir })
    }
}

impl StoreOption {
    /// The store, which must be there.
    pub(super) fn open(self) -> Outcome<FolderStore> {
        Ok(FolderStore::open(self.dir, Lock::shared)?)
    }

    /// The store, which must be there, for this command alone. Waits for others; `waiting` is called before.
    pub(super) fn open_alone(self, waiting: impl FnOnce()) -> Outcome<FolderStore> {
        Ok(FolderStore::open(self.dir, |root| Lock::alone(root, waiting))?)
    }

    /// The store, made when it doesn't exist.
    pub(super) fn make(self) -> Outcome<FolderStore> {
        Ok(FolderStore::make(self.dir)?)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NoStore(_) => {
                Self::not_found(error.to_string()).hint("create one with dray content ingest SOURCE --store DIR")
            }
            StoreError::Lacking { .. } => Self::not_found(error.to_string()),
            StoreError::File { source, .. } => Self::failed(error.to_string()).because(source),
            StoreError::Damaged { source, .. } => Self::failed(error.to_string()).because(source),
            StoreError::Index { source, .. } => Self::failed(error.to_string()).because(source),
        }
    }
}

/// What was attempted on a file or folder, and why it failed.
pub(super) fn cannot(attempt: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot {attempt} {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_manifests_is_no_store() {
        let root = tempfile::tempdir().unwrap();
        let failure = StoreOption { dir: root.path().to_owned() }.open().unwrap_err();
        assert_eq!(failure.exit(), crate::error::Exit::NotFound);
    }
}
