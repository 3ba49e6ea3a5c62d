//! Why an assembly can't go on.

use std::io;
use std::path::PathBuf;

use dray_model::Digest;
use dray_model::package::describe_requirement;

use crate::path::{Shown, TreePath};
use crate::plan::FetchRange;

fn described(requires: &[String]) -> String {
    requires.iter().map(|name| describe_requirement(name)).collect::<Vec<_>>().join("; ")
}

/// Why an assembly can't go on.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The bytes of a chunk or segment are not what its digest says. Nothing of it was kept: fetch them from another source.
    #[error("the bytes of pack {} at {offset} are damaged", pack.short())]
    Corrupt {
        /// The pack that the bytes were said to be from.
        pack: Digest,
        /// Where the damaged chunk or segment begins in it.
        offset: u64,
    },
    /// More bytes were given than the range has.
    #[error("received {given} bytes for a range of {} bytes", range.length)]
    TooManyBytes {
        /// The range.
        range: FetchRange,
        /// The bytes given.
        given: u64,
    },
    /// All chunks of a file are right but the file is not: the manifest contradicts the tree. Another manifest is needed.
    #[error("the manifest does not build the file {0} as it should")]
    WrongRecipe(TreePath),
    /// The tree requires what this computer can't do, or this program doesn't know.
    #[error("this computer cannot hold the content: {}", described(.0))]
    Unsupported(Vec<String>),
    /// The folder to be made is already there.
    #[error("{} already exists", Shown(.0))]
    DestinationExists(PathBuf),
    /// No space is left.
    #[error("the disk holding {} is full", Shown(.0))]
    DiskFull(PathBuf),
    /// Something can't be written.
    #[error("cannot write {}", Shown(path))]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something in staging can't be read.
    #[error("cannot read {}", Shown(path))]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}
