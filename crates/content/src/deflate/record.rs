//! The words of corrections (`docs/formats.md`, "Corrections").
//!
//! What is read here was sent by others: each value is checked where it is read.

use std::io;

use super::bits::BitString;
use super::predict::Style;
use super::symbols::{LENGTH_MIN, checked_distance, checked_length};
use super::{BLOCK_TOKENS_MAX, Kind, Match, Token, header, malformed};
use crate::codec::{DecodeError, Reader, put_varint};

const LAST: u8 = 1 << 2;
const OWN_HEADER: u8 = 1 << 3;

/// Why corrections aren't what they claim to be, as an error of the sink that they were given to.
fn invalid(error: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// What corrections say first of a block.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) last: bool,
    /// Tokens; of a stored block bytes.
    pub(super) count: u64,
    /// The header of a dynamic block that isn't zlib's.
    pub(super) header: Option<BitString>,
}

impl Head {
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let kind = match self.kind {
            Kind::Stored => 0,
            Kind::Fixed => 1,
            Kind::Dynamic => 2,
        };
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        out.push(kind | flag(self.last, LAST) | flag(self.header.is_some(), OWN_HEADER));
        put_varint(out, self.count);
        if let Some(header) = &self.header {
            put_varint(out, u64::from(header.length));
            out.extend_from_slice(&header.bytes);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> io::Result<Self> {
        let flags = reader.u8().map_err(invalid)?;
        let kind = match flags & 3 {
            0 => Kind::Stored,
            1 => Kind::Fixed,
            2 => Kind::Dynamic,
            _ => return Err(malformed("corrections name an unknown kind of block")),
        };
        let own_header = flags & OWN_HEADER != 0;
        if flags & !(3 | LAST | OWN_HEADER) != 0 || own_header && kind != Kind::Dynamic {
            return Err(malformed("corrections set an unknown flag"));
        }
        let count_max = if kind == Kind::Stored { u64::from(u16::MAX) } else { BLOCK_TOKENS_MAX };
        let count = reader.bounded("tokens in a block", count_max).map_err(invalid)?;
        let header = if own_header { Some(read_header(reader)?) } else { None };
        Ok(Self { kind, last: flags & LAST != 0, count, header })
    }
}

fn read_header(reader: &mut Reader<'_>) -> io::Result<BitString> {
    let length = reader.bounded("bits in the header of a block", header::BITS_MAX.into()).map_err(invalid)? as u32;
    let bytes = reader.take(length.div_ceil(8) as usize).map_err(invalid)?.to_vec();
    Ok(BitString { bytes, length })
}

/// Tokens that differ from what was predicted, in order.
#[derive(Debug, Default)]
pub(super) struct Misses {
    bytes: Vec<u8>,
    count: u64,
    /// Tokens predicted right since the last one.
    right: u64,
}

impl Misses {
    pub(super) fn right(&mut self) {
        self.right += 1;
    }

    pub(super) fn wrong(&mut self, token: Token) {
        put_varint(&mut self.bytes, self.right);
        self.right = 0;
        self.count += 1;
        match token {
            Token::Literal(_) => self.bytes.push(0),
            Token::Match(Match { length, distance }) => {
                put_varint(&mut self.bytes, u64::from(length - LENGTH_MIN + 1));
                put_varint(&mut self.bytes, u64::from(distance));
            }
        }
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.count);
        out.extend_from_slice(&self.bytes);
    }
}

/// Reads misses one by one.
#[derive(Debug)]
pub(super) struct Miss {
    left: u64,
    right: u64,
}

impl Miss {
    /// The first of a block with `tokens` tokens.
    pub(super) fn first(reader: &mut Reader<'_>, tokens: u64) -> io::Result<Self> {
        let left = reader.bounded("corrected tokens in a block", tokens).map_err(invalid)?;
        let mut miss = Self { left, right: 0 };
        miss.read_gap(reader)?;
        Ok(miss)
    }

    fn read_gap(&mut self, reader: &mut Reader<'_>) -> io::Result<()> {
        if self.left > 0 {
            self.right = reader.varint().map_err(invalid)?;
        }
        Ok(())
    }

    /// The token that the stream has where `predicted` was expected and the text goes on with `byte`.
    pub(super) fn correct(&mut self, reader: &mut Reader<'_>, predicted: Token, byte: u8) -> io::Result<Token> {
        if self.left == 0 {
            return Ok(predicted);
        }
        if self.right > 0 {
            self.right -= 1;
            return Ok(predicted);
        }
        let token = match reader.varint().map_err(invalid)? {
            0 => Token::Literal(byte),
            code => {
                let length = checked_length(code.saturating_add(u64::from(LENGTH_MIN) - 1))?;
                let distance = checked_distance(reader.varint().map_err(invalid)?)?;
                Token::Match(Match { length, distance })
            }
        };
        self.left -= 1;
        self.read_gap(reader)?;
        Ok(token)
    }

    pub(super) fn is_done(&self) -> bool {
        self.left == 0
    }
}

/// Writes with which settings tokens are predicted.
pub(super) fn write_style(style: Style, out: &mut Vec<u8>) {
    out.extend_from_slice(&[style.level, style.hash_bits]);
}

pub(super) fn read_style(reader: &mut Reader<'_>) -> io::Result<Style> {
    let level = reader.u8().map_err(invalid)?;
    let hash_bits = reader.u8().map_err(invalid)?;
    if (1..=9).contains(&level) && Style::HASH_BITS.contains(&hash_bits) {
        Ok(Style { level, hash_bits })
    } else {
        Err(malformed("corrections are for unknown zlib settings"))
    }
}

/// Refuses corrections after the last block.
pub(super) fn end(reader: &Reader<'_>) -> io::Result<()> {
    reader.end().map_err(invalid)
}
