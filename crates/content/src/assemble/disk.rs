//! Writing files in staging.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::AssembleError;
use crate::native;
use crate::tree::FileNode;

/// Keeps the file open that was written last: chunks of one file mostly follow each other.
#[derive(Default)]
pub(super) struct OpenFile(Option<Current>);

struct Current {
    path: PathBuf,
    file: File,
    /// Where the next write goes without a seek.
    at: u64,
    /// What was written so far, as long as it was one piece after the other from the beginning on: so the file need not be read
    /// again to know its digest.
    written: Option<Box<blake3::Hasher>>,
}

impl OpenFile {
    /// Writes `bytes` at `offset` of the file at `path`, which is made when it doesn't exist.
    pub(super) fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> Result<(), AssembleError> {
        let current = match &mut self.0 {
            Some(current) if current.path == path => current,
            other => other.insert(Current::open(path).map_err(|error| write_error(path, error))?),
        };
        current.write_at(offset, bytes).map_err(|error| write_error(path, error))
    }

    /// The digest of the file at `path`, if its `size` bytes were written here and it is nothing but these.
    pub(super) fn digest_of(&self, path: &Path, size: u64) -> Option<Digest> {
        let current = self.0.as_ref().filter(|current| current.path == path)?;
        let written = current.written.as_ref().filter(|written| written.count() == size)?;
        let length = current.file.metadata().ok()?.len();
        (length == size).then(|| written.finalize().into())
    }

    /// Gives the file at `path` its rights and its time, if it is open.
    pub(super) fn set_attributes(&self, path: &Path, node: &FileNode) -> Result<bool, AssembleError> {
        let Some(current) = self.0.as_ref().filter(|current| current.path == path) else { return Ok(false) };
        native::set_file_attributes(&current.file, node).map_err(|error| write_error(path, error))?;
        Ok(true)
    }

    /// Closes what is open, before anything else is done with the files.
    pub(super) fn close(&mut self) {
        self.0 = None;
    }
}

impl Current {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        Ok(Self { path: path.to_owned(), file, at: 0, written: Some(Box::default()) })
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.at != offset {
            self.file.seek(SeekFrom::Start(offset))?;
        }
        // Where a failed write ends is not known.
        self.at = u64::MAX;
        self.file.write_all(bytes)?;
        self.at = offset + bytes.len() as u64;
        match &mut self.written {
            Some(written) if written.count() == offset => {
                written.update(bytes);
            }
            written => *written = None,
        }
        Ok(())
    }
}

pub(super) fn write_error(path: &Path, source: io::Error) -> AssembleError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AssembleError::DiskFull(path.to_owned()),
        _ => AssembleError::Write { path: path.to_owned(), source },
    }
}

pub(super) fn read_error(path: &Path, source: io::Error) -> AssembleError {
    AssembleError::Read { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_known_of_a_file_that_was_written_from_its_beginning_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut open) = (folder.path().join("file"), OpenFile::default());
        open.write_at(&path, 0, b"one ").unwrap();
        open.write_at(&path, 4, b"two").unwrap();
        assert_eq!(open.digest_of(&path, 7), Some(Digest::of(b"one two")));
        assert_eq!(open.digest_of(&path, 6), None);
        assert_eq!(open.digest_of(folder.path(), 7), None);
        open.close();
        assert_eq!(open.digest_of(&path, 7), None);
    }

    #[test]
    fn a_file_that_was_written_in_another_order_or_has_more_bytes_must_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut open) = (folder.path().join("file"), OpenFile::default());
        open.write_at(&path, 4, b"two").unwrap();
        open.write_at(&path, 0, b"one ").unwrap();
        assert_eq!(open.digest_of(&path, 7), None);
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
        open.close();
        open.write_at(&path, 0, b"ONE").unwrap();
        assert_eq!(open.digest_of(&path, 3), None, "the file has more bytes than were written");
        open.write_at(&path, 0, b"TWO").unwrap();
        assert_eq!(open.digest_of(&path, 3), None);
    }
}
