//! A part of a file, read from its beginning to its end.

use std::io::{self, Read};

use crate::read_at::ReadAt;

/// Where a deflate stream lies in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Place {
    /// The first byte behind it.
    pub(super) const fn end(self) -> u64 {
        self.offset + self.length
    }
}

/// Reads a place.
pub(crate) struct Section<'f> {
    file: &'f (dyn ReadAt + Sync),
    place: Place,
}

impl<'f> Section<'f> {
    pub(super) fn new(file: &'f (dyn ReadAt + Sync), place: Place) -> Self {
        Self { file, place }
    }

    /// Everything from `offset` on.
    pub(crate) fn from(file: &'f (dyn ReadAt + Sync), offset: u64) -> Self {
        Self { file, place: Place { offset, length: file.length().saturating_sub(offset) } }
    }
}

impl Read for Section<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(usize::try_from(self.place.length).unwrap_or(usize::MAX));
        self.file.read_at(self.place.offset, &mut out[..length])?;
        self.place.offset += length as u64;
        self.place.length -= length as u64;
        Ok(length)
    }
}
