//! Copies of a whole site: made while it is served, checked, and restored into an empty folder with an empty database of either kind.
//!
//! A backup is a folder. `manifest.json` says what it holds, with a digest of each file; `site.toml`, `admin.toml` and `keys/` are those
//! of the site; `database/` has the rows of each table, out of one instant, in a form that both engines read; `content/` has the
//! content store's objects, if asked for. It holds the site's keys, so only its owner may read it. It has its name once it is whole and
//! was read again, and nothing is ever written over.

mod content;
mod files;
mod make;
mod manifest;
mod restore;
mod tables;

use std::path::PathBuf;

use dray_store::StoreError;

pub use make::{Made, backup};
pub use manifest::{ContentPart, Manifest};
pub use restore::{RestoreOptions, Restored, restore};

use crate::config::ConfigError;
use crate::keys::KeyError;
use crate::site::OpenError;

/// Why a backup can't be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is where the backup is to be.
    #[error("{0} already exists, and a backup never overwrites anything")]
    Exists(PathBuf),
    /// Something is where the site is to be.
    #[error("the folder {0} is not empty")]
    NotEmpty(PathBuf),
    /// A file can't be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        source: std::io::Error,
    },
    /// A file of the backup isn't what it was when it was written.
    #[error("the backup is damaged: {} {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of the program made it.
    #[error("the backup has format {found}, and this version reads up to format {known}")]
    Newer {
        /// Its format.
        found: u32,
        /// The highest known.
        known: u32,
    },
    /// The database to restore into has something in it.
    #[error("the database {0} is not empty")]
    DatabaseInUse(String),
    /// Content that is not in a folder.
    #[error("cannot back up the content: it is kept in {0}, not in a folder")]
    ContentElsewhere(String),
    /// The site to be backed up.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its configuration, or the backup's.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The keys in the backup.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// What to do about it, where we know.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::DatabaseInUse(_) => Some("give the address of an empty one with --database"),
            Self::ContentElsewhere(_) => {
                Some("leave out --content, and copy the bucket with the means of its provider")
            }
            Self::Exists(_) => Some("give a path that does not exist yet"),
            Self::NotEmpty(_) => Some("restore into a new or empty folder"),
            Self::Newer { .. } => Some("use a newer version of Dray"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
