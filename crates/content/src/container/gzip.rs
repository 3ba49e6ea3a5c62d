//! Where the deflate streams of a gzip file are: one in each of its members, back to back (RFC 1952).
//!
//! A member doesn't say how long it is, so each stream is read to its end. What follows the last good member is left alone.

use std::io::{self, BufRead, BufReader, Read};

use super::Place;
use super::section::Section;
use crate::deflate;
use crate::limits::Limits;
use crate::read_at::ReadAt;

pub(super) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// CRC-32 and length behind each stream.
const TRAILER_BYTES: u64 = 8;
const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;
/// A name or comment that is longer is none.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// The places of the streams, in order; none when it isn't gzip.
pub(super) fn places(file: &(dyn ReadAt + Sync), limits: &Limits) -> io::Result<Vec<Place>> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < file.length() && (places.len() as u64) < limits.streams_max {
        let stream = match member(file, at) {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) => break,
            Err(error) => return Err(error),
        };
        places.push(stream);
        at = stream.end() + TRAILER_BYTES;
    }
    Ok(places)
}

fn member(file: &(dyn ReadAt + Sync), at: u64) -> io::Result<Place> {
    let offset = at + header_length(&mut BufReader::new(Section::from(file, at)))?;
    let (length, _) = deflate::measure(Section::from(file, offset))?;
    Ok(Place { offset, length })
}

fn header_length(source: &mut impl BufRead) -> io::Result<u64> {
    let mut fixed = [0; 10];
    source.read_exact(&mut fixed)?;
    let flags = fixed[3];
    if fixed[..3] != MAGIC || flags & RESERVED != 0 {
        return Err(super::mismatch("this is not gzip"));
    }
    let mut length = fixed.len() as u64;
    if flags & EXTRA != 0 {
        let mut extra = [0; 2];
        source.read_exact(&mut extra)?;
        let extra = u64::from(u16::from_le_bytes(extra));
        super::copy_exact(source, &mut io::sink(), extra)?;
        length += 2 + extra;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            length += text_length(source)?;
        }
    }
    Ok(length + if flags & HEADER_CHECKSUM == 0 { 0 } else { 2 })
}

/// Passes over a text and the zero that ends it.
fn text_length(source: &mut impl BufRead) -> io::Result<u64> {
    let mut text = Vec::new();
    source.by_ref().take(TEXT_BYTES_MAX).read_until(0, &mut text)?;
    if text.ends_with(&[0]) {
        Ok(text.len() as u64)
    } else {
        Err(super::mismatch("a string in a gzip header has no end"))
    }
}
