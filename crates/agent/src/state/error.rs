//! What can go wrong with the agent's memory, and what a person can do about it.

use std::path::{Path, PathBuf};

/// Why the memory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It doesn't exist, though the device is enrolled.
    #[error(
        "the agent's state file {0} is missing; without it programs could run twice, so the agent does not start: put the file \
         back, or delete the agent's folder and enrol again"
    )]
    Missing(PathBuf),
    /// It is not what the agent wrote.
    #[error(
        "the agent's state file {path} is damaged ({what}); without it programs could run twice, so the agent does not start: \
         put a good copy back, or delete the agent's folder and enrol again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Written by a later version.
    #[error(
        "the agent's state file {path} has format {found}, but this version of the agent reads format {known}; upgrade the agent"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this version.
        known: u32,
    },
    /// The disk or the database failed.
    #[error("cannot {attempt} the agent's state file {path}")]
    Database {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: Box<redb::Error>,
    },
}

/// What is attempted on which file.
pub(super) struct Attempt<'a> {
    attempt: &'static str,
    path: &'a Path,
}

impl<'a> Attempt<'a> {
    pub(super) const fn new(attempt: &'static str, path: &'a Path) -> Self {
        Self { attempt, path }
    }

    pub(super) fn failed(&self, error: redb::Error) -> StoreError {
        let path = self.path.to_owned();
        match error {
            redb::Error::Corrupted(what) => StoreError::Damaged { path, what },
            redb::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                StoreError::Damaged { path, what: error.to_string() }
            }
            redb::Error::UpgradeRequired(found) => {
                StoreError::Damaged { path, what: format!("its file format is {found}") }
            }
            error => StoreError::Database { attempt: self.attempt, path, source: Box::new(error) },
        }
    }
}
