//! Why a source folder can't be packaged.

use std::io;
use std::path::PathBuf;

use super::Refused;
use crate::path::{InvalidPath, Shown};
use crate::tree::InvalidTree;

/// Why a source folder can't be packaged.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source folder or something in it is no longer there.
    #[error("{} does not exist, or no longer does", Shown(.0))]
    Vanished(PathBuf),
    /// The source is not a folder.
    #[error("{} is not a folder", Shown(.0))]
    NotAFolder(PathBuf),
    /// Something can't be read.
    #[error("cannot read {}", Shown(path))]
    Unreadable {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file was written to while it was read.
    #[error("{} changed while it was being read", Shown(.0))]
    Changed(PathBuf),
    /// Neither file, folder nor link.
    #[error("{} is a {kind}, which a package cannot contain", Shown(path))]
    Special {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A name or link target that can't be written as UTF-8, on a system whose names are not bytes.
    #[error("{} has a name or a target that is not Unicode", Shown(.0))]
    NotUtf8(PathBuf),
    /// A name or link target that a tree can't hold.
    #[error("cannot package {}", Shown(path))]
    Path {
        /// Where it is.
        path: PathBuf,
        /// The rule that it breaks.
        source: InvalidPath,
    },
    /// Names or links that the [`super::Rules`] don't allow.
    #[error("cannot package the folder as it is")]
    Refused(#[source] Refused),
    /// The entries don't make a tree.
    #[error("cannot package the folder")]
    Tree(#[from] InvalidTree),
    /// More than [`Limits`] allow.
    #[error("the folder is too large for a package")]
    Limit(#[source] crate::DecodeError),
}
