//! A base read through a relocation.
//!
//! Whatever is asked for is read with the blocks that it touches, so every place reads the same however it is reached.

use std::io;

use super::{BLOCK_BYTES, Relocation};
use crate::difference::ReadAt;

/// A base whose references are rewritten as it is read.
pub(in crate::difference) struct Relocated<'a> {
    base: &'a dyn ReadAt,
    relocation: Relocation,
}

impl<'a> Relocated<'a> {
    pub(in crate::difference) fn new(base: &'a dyn ReadAt, relocation: Relocation) -> Self {
        Self { base, relocation }
    }
}

impl ReadAt for Relocated<'_> {
    fn length(&self) -> u64 {
        self.base.length()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        let from = offset.saturating_sub(BLOCK_BYTES as u64);
        let to = end.saturating_add(BLOCK_BYTES as u64).min(self.length()).max(end);
        let mut bytes = vec![0; (to - from) as usize];
        self.base.read_at(from, &mut bytes)?;
        self.relocation.rewrite(from, &mut bytes);
        let start = (offset - from) as usize;
        out.copy_from_slice(&bytes[start..start + out.len()]);
        Ok(())
    }
}
