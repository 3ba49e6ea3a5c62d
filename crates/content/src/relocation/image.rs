//! What is needed to know of a program file: which of its bytes are what, and where they are in memory.

use std::io;

use super::{elf, pe};
use crate::read_at::ReadAt;

/// Sections of a program that are looked at; more make it no program.
pub(super) const SECTIONS_MAX: usize = 4096;
/// Unwind records that are looked for.
const UNWIND_RECORDS_MAX: usize = 1 << 22;
/// Bytes that are read at once of unwind records.
const READ_BYTES: usize = 256 << 10;

/// A program file.
#[derive(Debug, Default)]
pub(super) struct Image {
    /// Ascending by offset, without overlap.
    pub(super) sections: Vec<Section>,
    /// The lowest and, one more than, the highest address.
    pub(super) low: u64,
    pub(super) high: u64,
    /// What is added to addresses where they are stored whole.
    pub(super) base: u64,
    /// Where unwind records begin in the file, ascending.
    pub(super) unwind_records: Vec<u64>,
}

/// A run of bytes of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    /// Where it is in the file.
    pub(super) offset: u64,
    /// Bytes in the file.
    pub(super) length: u64,
    /// Where it is in memory; `None` when it isn't loaded.
    pub(super) address: Option<u64>,
    /// Bytes in memory, at least those in the file.
    pub(super) memory: u64,
}

/// What a section holds, as far as references go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Instructions.
    X86_64,
    /// Instructions.
    Arm64,
    /// Addresses in aligned words of 8 bytes, among other things.
    Words,
    /// ELF's relocations with addends: 24 bytes, addresses in the first and last 8.
    Relocations,
    /// ELF's symbols: 24 bytes, addresses in the middle 8.
    Symbols,
    /// `.eh_frame_hdr`: 4 bytes relative to its beginning.
    UnwindTable,
    /// `.eh_frame`.
    Unwind,
    /// Aligned 4 bytes that are relative to the image's base.
    Relative,
    /// Both aligned words with addresses and 4 bytes relative to the image's base.
    WordsAndRelative,
    /// Nothing that is known.
    Other,
}

impl Image {
    /// Reads headers; `None` when it is not a known program.
    pub(super) fn read(file: &impl ReadAt) -> io::Result<Option<Self>> {
        let Some(mut image) = (match elf::read(file)? {
            None => pe::read(file)?,
            found => found,
        }) else {
            return Ok(None);
        };
        image.sections.retain(|section| section.length > 0 || section.address.is_some());
        image.sections.sort_by_key(|section| (section.offset, section.length));
        let file_end = file.length();
        let mut end = 0;
        for section in &image.sections {
            let section_end = section.offset.checked_add(section.length);
            if section.offset < end || section_end.is_none_or(|end| end > file_end) {
                return Ok(None);
            }
            end = section.offset + section.length;
        }
        let loaded = image.sections.iter().filter_map(|s| Some((s.address?, s.address?.saturating_add(s.memory))));
        let (low, high) = loaded.fold((u64::MAX, 0), |(low, high), (from, to)| (low.min(from), high.max(to)));
        (image.low, image.high) = (low, high);
        image.unwind_records = unwind_records(file, &image)?;
        Ok((image.low < image.high).then_some(image))
    }

    /// Whether something may be there. The first page never holds anything that is referred to, and small numbers are everywhere.
    pub(super) fn has(&self, address: u64) -> bool {
        (self.low.max(0x1000)..self.high).contains(&address)
    }
}

/// The records of `.eh_frame`, by their lengths, which lead from one to the next.
fn unwind_records(file: &impl ReadAt, image: &Image) -> io::Result<Vec<u64>> {
    let mut records = Vec::new();
    for section in image.sections.iter().filter(|section| section.kind == Kind::Unwind) {
        let (mut at, end) = (section.offset, section.offset + section.length);
        let mut window = Window { start: at, bytes: Vec::new() };
        while at + 12 <= end && records.len() < UNWIND_RECORDS_MAX {
            let length = u64::from(window.u32(file, at, end)?);
            // 0 ends the list; all ones begin a form for records of 4 GiB.
            if length < 4 || length == u64::from(u32::MAX) {
                break;
            }
            records.push(at);
            at += 4 + length;
        }
    }
    Ok(records)
}

/// Reads ahead.
struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn u32(&mut self, file: &impl ReadAt, at: u64, end: u64) -> io::Result<u32> {
        if at + 4 > self.start + self.bytes.len() as u64 {
            self.start = at;
            self.bytes.resize((end - at).min(READ_BYTES as u64) as usize, 0);
            file.read_at(at, &mut self.bytes)?;
        }
        let from = (at - self.start) as usize;
        Ok(u32_at(&self.bytes, from).unwrap_or(0))
    }
}

/// The number at a place of `bytes`, if it is in there.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// The number at a place of `bytes`, if it is in there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The number at a place of `bytes`, if it is in there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Bytes of a file, unless it doesn't reach so far.
pub(super) fn read(file: &impl ReadAt, offset: u64, length: usize) -> io::Result<Option<Vec<u8>>> {
    if offset.checked_add(length as u64).is_none_or(|end| end > file.length()) {
        return Ok(None);
    }
    let mut bytes = vec![0; length];
    file.read_at(offset, &mut bytes)?;
    Ok(Some(bytes))
}
