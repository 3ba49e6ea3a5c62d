//! Rewrites the references in one block of a program.
//!
//! Blocks are cut by place in the file. A reference that lies across a border stays as it is, so a block needs no other.

use super::image::{Image, Kind, Section, u32_at, u64_at};
use super::lookup::{Index, Lookup};
use super::map::Map;
use super::{arm64, x86_64};

/// Bytes of a block, but the last.
pub(super) const BLOCK_BYTES: u64 = 64 << 10;
const RECORD_BYTES: usize = 24;

/// What is known while a part of a block is rewritten.
pub(super) struct Context<'a> {
    pub(super) image: &'a Image,
    /// For the places of references.
    pub(super) here: Lookup<'a>,
    /// For what they refer to.
    pub(super) there: Lookup<'a>,
}

/// Rewrites `bytes`, which begin at `start` in the file.
pub(super) fn relocate(bytes: &mut [u8], start: u64, image: &Image, map: &Map, index: &Index) {
    let end = start + bytes.len() as u64;
    let old = bytes.to_vec();
    let mut context = Context { image, here: Lookup::new(map, index), there: Lookup::new(map, index) };
    let first = image.sections.partition_point(|section| section.offset + section.length <= start);
    for section in image.sections[first..].iter().take_while(|section| section.offset < end) {
        let from = section.offset.max(start);
        let to = (section.offset + section.length).min(end);
        if from < to {
            let part = &mut bytes[(from - start) as usize..(to - start) as usize];
            context.relocate(section, part, from - section.offset);
        }
    }
    map.keep(&old, bytes, start);
}

impl Context<'_> {
    /// Rewrites a part of a section that begins `into` bytes after the section does.
    fn relocate(&mut self, section: &Section, part: &mut [u8], into: u64) {
        let address = section.address.unwrap_or(0).wrapping_add(into);
        match section.kind {
            Kind::X86_64 => x86_64::relocate(part, address, self),
            Kind::Arm64 => arm64::relocate(part, address, self),
            Kind::Words => aligned(part, into, 8).for_each(|word| self.word(word)),
            Kind::Relative => aligned(part, into, 4).for_each(|word| self.relative(word)),
            Kind::WordsAndRelative => aligned(part, into, 8).for_each(|words| self.word_or_relative(words)),
            Kind::Relocations => aligned(part, into, RECORD_BYTES).for_each(|record| {
                self.word(&mut record[..8]);
                self.word(&mut record[16..]);
            }),
            Kind::Symbols => aligned(part, into, RECORD_BYTES).for_each(|record| self.word(&mut record[8..16])),
            Kind::UnwindTable => self.unwind_table(part, section, into),
            Kind::Unwind => self.unwind(part, section, into),
            Kind::Other => {}
        }
    }

    /// Where what is at `address` is now.
    pub(super) fn moved(&mut self, address: u64) -> u64 {
        address.wrapping_add_signed(self.there.shift(address))
    }

    /// What a relative reference at `address` to `target` says now, in place of `relative`.
    pub(super) fn relative_to(&mut self, address: u64, target: u64, relative: i64) -> i64 {
        relative.wrapping_add(self.there.shift(target)).wrapping_sub(self.here.shift(address))
    }

    /// An address stored whole.
    fn word(&mut self, word: &mut [u8]) {
        let Some(value) = u64_at(word, 0) else { return };
        let address = value.wrapping_sub(self.image.base);
        if self.image.has(address) {
            let moved = self.moved(address).wrapping_add(self.image.base);
            word[..8].copy_from_slice(&moved.to_le_bytes());
        }
    }

    /// An address relative to the image's base.
    fn relative(&mut self, word: &mut [u8]) {
        let Some(value) = u32_at(word, 0) else { return };
        if self.image.has(value.into()) {
            let moved = self.moved(value.into()) as u32;
            word[..4].copy_from_slice(&moved.to_le_bytes());
        }
    }

    fn word_or_relative(&mut self, words: &mut [u8]) {
        let value = u64_at(words, 0).unwrap_or(0);
        if self.image.has(value.wrapping_sub(self.image.base)) {
            self.word(words);
        } else {
            self.relative(&mut words[..4]);
            self.relative(&mut words[4..]);
        }
    }

    /// 4 bytes at `at` of `part` that are relative to their own address.
    pub(super) fn self_relative(&mut self, part: &mut [u8], at: usize, address: u64) {
        let Some(relative) = u32_at(part, at).map(|value| i64::from(value as i32)) else { return };
        let target = address.wrapping_add_signed(relative);
        if self.image.has(target) {
            let value = self.relative_to(address, target, relative) as u32;
            part[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
    }

    /// `.eh_frame_hdr` (Linux Standard Base, "Exception Frames"): where the records are, then pairs of places relative to its beginning.
    fn unwind_table(&mut self, part: &mut [u8], section: &Section, into: u64) {
        let Some(start) = section.address else { return };
        for (number, word) in aligned(part, into, 4).enumerate() {
            let at = into.next_multiple_of(4) + number as u64 * 4;
            match at {
                4 => self.self_relative(word, 0, start.wrapping_add(at)),
                12.. => {
                    let relative = i64::from(u32_at(word, 0).unwrap_or(0) as i32);
                    let value = self.relative_to(start, start.wrapping_add_signed(relative), relative) as u32;
                    word.copy_from_slice(&value.to_le_bytes());
                }
                _ => {}
            }
        }
    }

    /// `.eh_frame`: each record says how far before it the one is that it shares its beginning with, which code it is for, and often
    /// where the table of handlers is. Those are relative to their own places.
    fn unwind(&mut self, part: &mut [u8], section: &Section, into: u64) {
        let Some(address) = section.address else { return };
        let (start, end) = (section.offset + into, section.offset + into + part.len() as u64);
        let records = &self.image.unwind_records;
        // The last field is 21 bytes behind the beginning.
        let first = records.partition_point(|record| *record + 21 <= start);
        for record in records[first..].iter().take_while(|record| **record < end) {
            let mut field = |at: u64, handle: &mut dyn FnMut(&mut Self, &mut [u8], u64)| {
                let place = record + at;
                if place >= start && place + 4 <= end {
                    let bytes = &mut part[(place - start) as usize..][..4];
                    handle(self, bytes, address.wrapping_add(place - section.offset));
                }
            };
            field(4, &mut |context, bytes, here| {
                let back = u64::from(u32_at(bytes, 0).unwrap_or(0));
                if back != 0 {
                    let value = context.relative_to(here.wrapping_sub(back), here, back as i64) as u32;
                    bytes.copy_from_slice(&value.to_le_bytes());
                }
            });
            field(8, &mut |context, bytes, here| context.self_relative(bytes, 0, here));
            field(17, &mut |context, bytes, here| context.self_relative(bytes, 0, here));
        }
    }
}

/// The whole records of `size` bytes in a part of a section that begins `into` bytes after the section does.
fn aligned(part: &mut [u8], into: u64, size: usize) -> impl Iterator<Item = &mut [u8]> {
    let skip = into.next_multiple_of(size as u64) - into;
    let part = part.get_mut(skip as usize..).unwrap_or_default();
    part.chunks_exact_mut(size)
}
