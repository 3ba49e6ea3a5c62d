//! Files that are read at any place: the bases of segments and the chunks in other trees.
//!
//! They are opened for reading only, when they are first needed, a few at a time. Nothing but a regular file is opened: no link is
//! followed, no pipe waited for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::native;
use crate::read_at::ReadAt;

/// Files that are open at a time: a base of small files is read from its beginning to its end, mostly.
const OPEN_MAX: usize = 32;

/// The files that were read last.
#[derive(Default)]
pub(crate) struct OpenFiles(RefCell<VecDeque<(PathBuf, File)>>);

impl OpenFiles {
    /// Fills `out` with the bytes of a file from `offset` on.
    pub(crate) fn read(&self, path: &Path, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut open = self.0.borrow_mut();
        let known = open.iter().rposition(|(known, _)| known == path);
        let file = match known.and_then(|place| open.remove(place)) {
            Some((_, file)) => file,
            None => open_regular(path)?,
        };
        let read = native::read_exact_at(&file, offset, out);
        if open.len() == OPEN_MAX {
            open.pop_front();
        }
        open.push_back((path.to_owned(), file));
        read
    }
}

/// A part of a file.
pub(crate) struct BaseRange<'a> {
    pub(crate) files: &'a OpenFiles,
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl ReadAt for BaseRange<'_> {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.files.read(&self.path, self.offset + offset, out)
    }
}

/// Opens what is a regular file, by its own name.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let named = fs::symlink_metadata(path)?;
    if !named.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(path)?;
    if native::same_file(&named, &file.metadata()?) {
        Ok(file)
    } else {
        Err(io::Error::other("it was replaced while it was being opened"))
    }
}
