//! Source indexes: what was in the files of a source folder, so that those that are unchanged need not be read again.
//!
//! An entry is believed only as long as everything that the system changes with a file is as it was, on file systems that this
//! machine itself stamps, and only when it was last changed clearly before its ingest began (`docs/design/0009-unchanged-files.md`).
//! An index is a cache: without it everything is read. A wrong one may publish what a file held before, never a broken package,
//! because a digest counts only together with stored chunks that make it.

mod encoding;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use dray_model::{Digest, Timestamp};

use crate::codec::{DecodeError, within};
use crate::limits::Limits;
use crate::native;
use crate::path::TreePath;
use crate::scan::{Found, FoundKind, Stamp};

/// A file that was changed so shortly before an ingest may be changed again within the same tick of its file system's clock, which
/// would show nowhere. The coarsest clock among the file systems that are believed ticks once a second (ext3).
const SETTLED_NS: i64 = 2_000_000_000;

/// What was in the files of a source folder when it was ingested last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceIndex {
    /// Sorted by path.
    files: Vec<IndexedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct IndexedFile {
    path: TreePath,
    stamp: Stamp,
    content: Digest,
}

/// Why an index can't be used. Everything is read then.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Its file can't be read or written.
    #[error("cannot use its file")]
    File(#[from] io::Error),
    /// Its bytes are none, or of a version that this program doesn't know.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl SourceIndex {
    /// Of files that were read by an ingest that began at `begun_at`, in order of their paths, those that may be believed later.
    pub(super) fn new<'a>(
        files: impl Iterator<Item = (&'a TreePath, Option<Stamp>, Digest)>,
        begun_at: Timestamp,
    ) -> Self {
        let settled = begun_at.micros().saturating_mul(1000).saturating_sub(SETTLED_NS);
        let files = files.filter_map(|(path, stamp, content)| {
            let stamp = stamp.filter(|stamp| stamp.changed_ns <= settled)?;
            Some(IndexedFile { path: path.clone(), stamp, content })
        });
        Self { files: files.collect() }
    }

    /// Writes the index (`docs/formats.md`, "Source index").
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads an index.
    ///
    /// # Errors
    /// When the bytes are not an index within `limits`, or are damaged.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        encoding::decode(bytes, limits)
    }

    /// Reads the index in a file; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file can't be read or is not an index. The caller may go on by reading everything.
    pub fn load(path: &Path, limits: &Limits) -> Result<Option<Self>, IndexError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let length = within("bytes in a source index", file.metadata()?.len(), limits.tree_bytes_max)?;
        let mut bytes = Vec::with_capacity(length as usize);
        file.take(length).read_to_end(&mut bytes)?;
        Ok(Some(Self::decode(&bytes, limits)?))
    }

    /// Puts the index at `path`, in one step by way of `unfinished`, which must be on the same file system. It isn't made durable:
    /// what a power cut leaves of it is noticed, and costs a reading.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn save(&self, path: &Path, unfinished: &Path) -> Result<(), IndexError> {
        fs::write(unfinished, self.encode())?;
        Ok(fs::rename(unfinished, path)?)
    }

    /// What the index says of each of these files, which are sorted by path: the content of those whose stamps are as they were.
    pub(super) fn look_up(&self, files: &[(&TreePath, Option<Stamp>)]) -> Vec<Option<Digest>> {
        let mut rest = self.files.iter().peekable();
        let mut find = |path: &TreePath, stamp: Option<Stamp>| {
            while rest.next_if(|indexed| indexed.path < *path).is_some() {}
            let indexed = rest.next_if(|indexed| indexed.path == *path)?;
            (Some(indexed.stamp) == stamp).then_some(indexed.content)
        };
        files.iter().map(|(path, stamp)| find(path, *stamp)).collect()
    }
}

/// The stamps of the files that were found, in order; `None` of what is on a file system whose stamps prove nothing.
pub(super) fn stamps(source: &Path, found: &[Found]) -> Vec<Option<Stamp>> {
    let mut believed: HashMap<u64, bool> = HashMap::new();
    let mut stamp = |found: &Found| {
        let FoundKind::File(seen) = &found.kind else { return None };
        Some(seen.stamp().filter(|stamp| {
            let ask = || native::stamps_changes(&found.path.below(source));
            *believed.entry(stamp.device).or_insert_with(ask)
        }))
    };
    found.iter().filter_map(&mut stamp).collect()
}

#[cfg(test)]
mod tests;
