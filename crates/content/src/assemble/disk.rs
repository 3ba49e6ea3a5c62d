//! Writing files in staging.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::AssembleError;

/// Keeps the file open that was written last: chunks of one file mostly follow each other.
#[derive(Default)]
pub(super) struct OpenFile(Option<(PathBuf, File)>);

impl OpenFile {
    /// Writes `bytes` at `offset` of the file at `path`, which is made when it isn't there.
    pub(super) fn write_at(&mut self, path: &Path, offset: u64, bytes: &[u8]) -> Result<(), AssembleError> {
        let file = match &mut self.0 {
            Some((open, file)) if open == path => file,
            other => {
                let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
                &mut other.insert((path.to_owned(), file.map_err(|error| write_error(path, error))?)).1
            }
        };
        let written = file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes));
        written.map_err(|error| write_error(path, error))
    }

    /// Closes what is open, before anything else is done with the files.
    pub(super) fn close(&mut self) {
        self.0 = None;
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
