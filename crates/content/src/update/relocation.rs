//! Programs in bases that are relocated before differences are applied to them ([`crate::relocation`]).
//!
//! A relocation counts wherever its base is used in the update, so segments need not mention it.

use std::io;
use std::sync::Arc;

use dray_model::Digest;

use super::numbering::{Sized, numbers};
use super::{BasePart, InvalidUpdate};
use crate::codec::{DecodeError, Reader, put_varint};
use crate::read_at::{ReadAt, Window};
use crate::relocation::{Map, Relocated};

/// Count, number, offset, length and an empty map take a byte each at least.
const RELOCATION_BYTES_MIN: usize = 5;

/// A program in a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocation {
    /// The content that it is in.
    pub content: Digest,
    /// Where it begins there.
    pub offset: u64,
    /// Its bytes, at least 1.
    pub length: u64,
    /// How it is relocated.
    pub map: Arc<Map>,
}

impl Relocation {
    fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// Programs lie in contents that are there, in the order of these, apart from each other.
pub(super) fn check(relocations: &[Relocation], bases: &[Sized]) -> Result<(), InvalidUpdate> {
    let numbers = numbers(bases);
    let mut free = (0, 0);
    for relocation in relocations {
        let number = numbers.get(&relocation.content).copied().filter(|_| relocation.length > 0);
        let end = relocation.offset.checked_add(relocation.length);
        let place =
            number.zip(end).filter(|(number, end)| (*number, relocation.offset) >= free && *end <= bases[*number].1);
        free = place.ok_or(InvalidUpdate::Base(relocation.content))?;
    }
    Ok(())
}

pub(super) fn put(out: &mut Vec<u8>, relocations: &[Relocation], bases: &[Sized]) {
    put_varint(out, relocations.len() as u64);
    if relocations.is_empty() {
        return;
    }
    let numbers = numbers(bases);
    let mut before = 0;
    for relocation in relocations {
        let number = numbers[&relocation.content];
        put_varint(out, (number - before) as u64);
        put_varint(out, relocation.offset);
        put_varint(out, relocation.length);
        relocation.map.put(out);
        before = number;
    }
}

pub(super) fn read(reader: &mut Reader<'_>, bases: &[Sized]) -> Result<Vec<Relocation>, DecodeError> {
    let count = reader.count("relocations in an update", u32::MAX.into(), RELOCATION_BYTES_MIN)?;
    let mut relocations = Vec::with_capacity(count);
    let mut number = 0usize;
    for _ in 0..count {
        number = number.saturating_add(usize::try_from(reader.varint()?).unwrap_or(usize::MAX));
        let (content, _) = *bases.get(number).ok_or_else(|| reader.malformed("it names a file that does not exist"))?;
        let (offset, length) = (reader.varint()?, reader.varint()?);
        relocations.push(Relocation { content, offset, length, map: Arc::new(Map::read(reader)?) });
    }
    Ok(relocations)
}

/// A part of a base as differences see it, cut where a program begins or ends. `open` gives the bytes `offset..offset + length` of the
/// part's content as they are.
///
/// # Errors
/// When `open` says so, or a program's headers can't be read.
pub fn relocated_part<'a>(
    part: BasePart,
    relocations: &'a [Relocation],
    open: impl Fn(u64, u64) -> io::Result<Box<dyn ReadAt + 'a>>,
) -> io::Result<Vec<Box<dyn ReadAt + 'a>>> {
    let end = part.offset.checked_add(part.length).ok_or(io::ErrorKind::UnexpectedEof)?;
    let touches =
        |found: &&Relocation| found.content == part.content && found.offset < end && found.end() > part.offset;
    let mut parts: Vec<Box<dyn ReadAt + 'a>> = Vec::new();
    let mut at = part.offset;
    for found in relocations.iter().filter(touches) {
        if found.offset > at {
            parts.push(open(at, found.offset - at)?);
        }
        let (from, to) = (at.max(found.offset), end.min(found.end()));
        let program = Relocated::new(open(found.offset, found.length)?, Arc::clone(&found.map))?;
        let window = Window::new(program, from - found.offset, to - from);
        parts.push(Box::new(window.ok_or(io::ErrorKind::UnexpectedEof)?));
        at = to;
    }
    if at < end {
        parts.push(open(at, end - at)?);
    }
    Ok(parts)
}
