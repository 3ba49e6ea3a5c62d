//! A deflate stream as blocks and tokens.
//!
//! Refuses what the format forbids, and three legal oddities that no common writer makes and that corrections have no words for:
//! padding that isn't zero, the length 258 written as 227 + 31, and blocks of more than a million tokens.

use std::io::{self, Read};

use super::bits::BitReader;
use super::header::{self, Header};
use super::huffman::Decoder;
use super::symbols::{LENGTH_MAX, distance_of, length_of};
use super::{BLOCK_TOKENS_MAX, Kind, Match, Token, malformed};

/// What begins a block.
#[derive(Debug, Clone)]
pub(super) struct BlockStart {
    pub(super) last: bool,
    pub(super) form: Form,
}

/// What a block's bytes are like.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// This many plain bytes follow.
    Stored(u16),
    Fixed,
    Dynamic(Header),
}

impl Form {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Stored(_) => Kind::Stored,
            Self::Fixed => Kind::Fixed,
            Self::Dynamic(_) => Kind::Dynamic,
        }
    }
}

/// Reads a deflate stream.
pub(super) struct Parser<R> {
    reader: BitReader<R>,
    codes: Option<(Decoder, Decoder)>,
    tokens: u64,
    saw_last: bool,
}

impl<R: Read> Parser<R> {
    pub(super) fn new(source: R) -> Self {
        Self { reader: BitReader::new(source), codes: None, tokens: 0, saw_last: false }
    }

    /// Begins the next block; what the one before holds must have been read. `None` after the last, at a whole byte.
    pub(super) fn next_block(&mut self) -> io::Result<Option<BlockStart>> {
        if self.saw_last {
            self.reader.align()?;
            return Ok(None);
        }
        self.saw_last = self.reader.take(1)? == 1;
        let form = match self.reader.take(2)? {
            0 => Form::Stored(self.stored_length()?),
            1 => {
                let (literals, distances) = header::fixed();
                self.codes = Some((Decoder::new(&literals)?, Decoder::new(&distances)?));
                Form::Fixed
            }
            2 => {
                let header = Header::read(|count| self.reader.take(count))?;
                self.codes = Some((Decoder::new(&header.literals)?, Decoder::new(&header.distances)?));
                Form::Dynamic(header)
            }
            _ => return Err(malformed("a block has an unknown kind")),
        };
        self.tokens = 0;
        Ok(Some(BlockStart { last: self.saw_last, form }))
    }

    fn stored_length(&mut self) -> io::Result<u16> {
        self.reader.align()?;
        let length = self.reader.take(16)? as u16;
        if self.reader.take(16)? as u16 == !length {
            Ok(length)
        } else {
            Err(malformed("the length of a stored block contradicts itself"))
        }
    }

    /// The next bytes of a stored block.
    pub(super) fn stored(&mut self, out: &mut [u8]) -> io::Result<()> {
        self.reader.bytes(out)
    }

    /// The next token of a block with codes; `None` at its end.
    pub(super) fn token(&mut self) -> io::Result<Option<Token>> {
        let (literals, distances) = self.codes.as_ref().expect("a block with codes was begun");
        // One token takes at most 15 + 5 + 15 + 13 bits.
        self.reader.refill()?;
        let symbol = literals.decode(&mut self.reader)?;
        if symbol == super::symbols::END {
            return Ok(None);
        }
        self.tokens += 1;
        if self.tokens > BLOCK_TOKENS_MAX {
            return Err(malformed("a block has more than a million tokens"));
        }
        if let Ok(byte) = u8::try_from(symbol) {
            return Ok(Some(Token::Literal(byte)));
        }
        let (base, bits) = length_of(symbol).ok_or_else(|| malformed("a length has an invalid symbol"))?;
        let length = base + self.reader.take(bits)? as u16;
        if length == LENGTH_MAX && bits > 0 {
            return Err(malformed("the length 258 is written in an unsupported way"));
        }
        let symbol = distances.decode(&mut self.reader)?;
        let (base, bits) = distance_of(symbol).ok_or_else(|| malformed("a distance has an invalid symbol"))?;
        let distance = base + self.reader.take(bits)? as u16;
        Ok(Some(Token::Match(Match { length, distance })))
    }

    /// Bytes of the source that were taken.
    pub(super) fn position(&self) -> u64 {
        self.reader.position()
    }

    /// The source, as far as it was read.
    pub(super) fn into_source(self) -> R {
        self.reader.into_source()
    }

    /// Refuses bytes after the stream.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if self.reader.is_at_end()? { Ok(()) } else { Err(malformed("there are bytes after a deflate stream")) }
    }
}
