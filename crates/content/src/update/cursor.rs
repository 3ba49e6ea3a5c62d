//! Ranges of contents as they are written in an update: each as its distance from the range that was to be expected.
//!
//! A reader gets ranges that lie in their contents, whatever the bytes are.

use std::collections::HashMap;

use dray_model::Digest;

use super::numbering::{Sized, numbers};
use super::{BasePart, OutputPart};
use crate::codec::{DecodeError, Reader, put_varint, unzigzag, zigzag};

/// Goes through a list of contents and knows which range is expected next: the rest of a content that was left unfinished, else
/// all of the one behind it.
pub(super) struct Cursor<'a> {
    contents: &'a [Sized],
    numbers: HashMap<Digest, usize>,
    number: usize,
    offset: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(contents: &'a [Sized]) -> Self {
        Self { contents, numbers: numbers(contents), number: 0, offset: 0 }
    }

    pub(super) fn put_base(&mut self, out: &mut Vec<u8>, part: &BasePart) {
        // Parts of bases follow no rule, so each starts again.
        self.offset = 0;
        self.put(out, &part.content, part.offset, part.length);
    }

    pub(super) fn put_output(&mut self, out: &mut Vec<u8>, part: &OutputPart) {
        self.put(out, &part.content, part.offset, part.length.into());
    }

    fn put(&mut self, out: &mut Vec<u8>, content: &Digest, offset: u64, length: u64) {
        let number = self.numbers[content];
        let size = self.contents[number].1;
        let expected = if number == self.number { self.offset } else { 0 };
        let (is_elsewhere, is_cut) = (offset != expected, offset + length != size);
        let step = zigzag(number as i64 - self.number as i64);
        put_varint(out, step << 2 | u64::from(is_elsewhere) << 1 | u64::from(is_cut));
        if is_elsewhere {
            put_varint(out, offset);
        }
        if is_cut {
            put_varint(out, length);
        }
        self.pass(number, offset + length);
    }

    pub(super) fn read_base(&mut self, reader: &mut Reader<'_>) -> Result<BasePart, DecodeError> {
        self.offset = 0;
        let (content, offset, length) = self.read(reader)?;
        Ok(BasePart { content, offset, length })
    }

    pub(super) fn read_output(&mut self, reader: &mut Reader<'_>) -> Result<OutputPart, DecodeError> {
        let (content, offset, length) = self.read(reader)?;
        let length = u32::try_from(length).map_err(|_| reader.malformed("a segment is too long"))?;
        Ok(OutputPart { content, offset, length })
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(Digest, u64, u64), DecodeError> {
        let coded = reader.varint()?;
        let number = (self.number as i64).checked_add(unzigzag(coded >> 2));
        let number = number.and_then(|number| usize::try_from(number).ok());
        let found = number.and_then(|number| Some((number, *self.contents.get(number)?)));
        let (number, (content, size)) = found.ok_or(reader.malformed("a segment names a file that does not exist"))?;
        let expected = if number == self.number { self.offset } else { 0 };
        let offset = if coded & 2 == 0 { expected } else { reader.varint()? };
        let rest = size.checked_sub(offset).ok_or(reader.malformed("a part is outside its file"))?;
        let length = if coded & 1 == 0 { rest } else { reader.bounded("bytes in a part", rest)? };
        self.pass(number, offset + length);
        Ok((content, offset, length))
    }

    /// Goes behind a part.
    fn pass(&mut self, number: usize, end: u64) {
        let is_finished = end == self.contents[number].1;
        (self.number, self.offset) = if is_finished { (number + 1, 0) } else { (number, end) };
    }
}
