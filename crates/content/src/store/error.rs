//! Why a store in a folder can't be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::{DecodeError, ObjectName};

/// An error of a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder of the store.
    #[error("cannot {attempt} {}", path.display())]
    File {
        /// What was attempted.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The folder is none of a store.
    #[error("there is no content store in {}", .0.display())]
    NoStore(PathBuf),
    /// An object that doesn't exist.
    #[error("{} does not have {name}", root.display())]
    Lacking {
        /// The store's folder.
        root: PathBuf,
        /// The object.
        name: ObjectName,
    },
    /// An object whose bytes can't be used.
    #[error("cannot use {}", path.display())]
    Damaged {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// What is remembered of a source folder can't be written.
    #[error("cannot write {}", path.display())]
    Index {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: crate::ingest::IndexError,
    },
}

impl StoreError {
    /// An attempt on `path` that failed.
    pub(crate) fn file(attempt: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { attempt, path: path.as_ref().to_owned(), source }
    }
}
