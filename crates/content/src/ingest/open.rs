//! Opening files of the source, and noticing that one isn't what it was when it was found.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::job::FileToRead;
use crate::scan::{Seen, SourceError, unreadable};

/// A file of the source that was what was found when it was opened.
pub(super) struct OpenSource<'a> {
    pub(super) file: File,
    on_disk: PathBuf,
    seen: &'a Seen,
}

impl<'a> OpenSource<'a> {
    pub(super) fn open(source: &Path, file: FileToRead<'a>) -> Result<Self, SourceError> {
        let (on_disk, seen) = (file.path.below(source), file.seen);
        // Opening a pipe that took the file's place would wait for a writer forever.
        let named = fs::symlink_metadata(&on_disk).map_err(|error| unreadable(&on_disk, error))?;
        if !seen.is_same(&named) {
            return Err(SourceError::Changed(on_disk));
        }
        let file = File::open(&on_disk).map_err(|error| unreadable(&on_disk, error))?;
        let now = file.metadata().map_err(|error| unreadable(&on_disk, error))?;
        if seen.is_same(&now) { Ok(Self { file, on_disk, seen }) } else { Err(SourceError::Changed(on_disk)) }
    }

    /// Nothing when `length` bytes were read and the name still stands for the same file with the same attributes.
    pub(super) fn check_unchanged(&self, length: u64) -> Result<(), SourceError> {
        let now = fs::symlink_metadata(&self.on_disk).map_err(|error| self.unreadable(error))?;
        let same = length == self.seen.size() && self.seen.is_same(&now);
        if same { Ok(()) } else { Err(SourceError::Changed(self.on_disk.clone())) }
    }

    /// What a failure to read it is called.
    pub(super) fn unreadable(&self, error: io::Error) -> SourceError {
        unreadable(&self.on_disk, error)
    }
}
