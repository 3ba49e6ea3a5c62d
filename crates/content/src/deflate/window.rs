//! Plain text as far as it can be reached: the last 32 KiB before a place, and what follows it.

use std::io;

use super::symbols::HISTORY_BYTES;
use super::{Match, malformed};

/// Bytes that may be forgotten before they are.
const SLACK_BYTES: usize = 96 << 10;

/// A part of a plain text. Positions count from the beginning of the text.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// The position of the first byte.
    start: u32,
}

impl Window {
    pub(super) fn end(&self) -> u32 {
        self.start + self.bytes.len() as u32
    }

    /// The bytes from `position` on, which must not be forgotten.
    pub(super) fn from(&self, position: u32) -> &[u8] {
        &self.bytes[(position - self.start) as usize..]
    }

    /// Adds bytes at the end. Refuses texts of 4 GiB.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reserve(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn append_byte(&mut self, byte: u8) -> io::Result<()> {
        self.reserve(1)?;
        self.bytes.push(byte);
        Ok(())
    }

    /// Adds what a match stands for.
    pub(super) fn append_match(&mut self, found: Match) -> io::Result<()> {
        let (length, distance) = (usize::from(found.length), usize::from(found.distance));
        self.reserve(length)?;
        let start =
            self.bytes.len().checked_sub(distance).ok_or_else(|| malformed("a match begins before the plain bytes"))?;
        if distance >= length {
            self.bytes.extend_from_within(start..start + length);
        } else {
            for place in start..start + length {
                self.bytes.push(self.bytes[place]);
            }
        }
        Ok(())
    }

    fn reserve(&self, length: usize) -> io::Result<()> {
        let end = u64::from(self.start) + (self.bytes.len() + length) as u64;
        if end > super::PLAIN_BYTES_MAX { Err(malformed("a deflate stream holds 4 GiB or more")) } else { Ok(()) }
    }

    /// Lets go of what can't be reached from `position` on.
    pub(super) fn forget_before(&mut self, position: u32) {
        let unreachable = position.saturating_sub(HISTORY_BYTES).saturating_sub(self.start) as usize;
        if unreachable >= SLACK_BYTES {
            self.bytes.drain(..unreachable);
            self.start += unreachable as u32;
        }
    }
}
