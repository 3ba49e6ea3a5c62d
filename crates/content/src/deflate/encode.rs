//! Tokens to bits: the stream that a given cut into blocks and tokens has.

use std::io::{self, Write};

use super::bits::{BitString, BitWriter};
use super::header::{self, Header};
use super::huffman::Codes;
use super::symbols::{END, code_distance, code_length};
use super::trees::Frequencies;
use super::{Match, Token, malformed};

/// Writes the blocks of one stream.
pub(super) struct Encoder<W> {
    out: BitWriter<Bounded<W>>,
}

/// The code of a block.
pub(super) enum Code<'a> {
    Fixed,
    /// The one that zlib makes for the block's symbols.
    Usual,
    /// Another, by the bits that tell it.
    Own(&'a BitString),
}

impl<W: Write> Encoder<W> {
    /// Will write at most `bytes_max` bytes to `out`.
    pub(super) fn new(out: W, bytes_max: u64) -> Self {
        Self { out: BitWriter::new(Bounded { sink: out, left: bytes_max }) }
    }

    /// Begins a stored block, whose bytes come next.
    pub(super) fn stored(&mut self, last: bool, length: u16) -> io::Result<()> {
        self.out.put(u32::from(last), 3)?;
        self.out.bytes(&length.to_le_bytes())?;
        self.out.bytes(&(!length).to_le_bytes())
    }

    /// Bytes of a stored block.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.bytes(bytes)
    }

    /// Writes a block of tokens.
    pub(super) fn block(&mut self, last: bool, code: &Code<'_>, tokens: &[Token]) -> io::Result<()> {
        self.out.put(u32::from(last), 1)?;
        let (literals, distances) = match code {
            Code::Own(bits) => self.dynamic(&Header::from_bits(bits)?)?,
            Code::Usual => {
                let mut frequencies = Frequencies::new();
                tokens.iter().for_each(|token| frequencies.add(*token));
                self.dynamic(&frequencies.header())?
            }
            Code::Fixed => {
                self.out.put(1, 2)?;
                let (literals, distances) = header::fixed();
                (Codes::new(&literals), Codes::new(&distances))
            }
        };
        for token in tokens {
            self.put(*token, &literals, &distances)?;
        }
        let (code, bits) = literals.of(END)?;
        self.out.put(code, bits)
    }

    fn dynamic(&mut self, header: &Header) -> io::Result<(Codes, Codes)> {
        self.out.put(2, 2)?;
        header.bits.write_to(&mut self.out)?;
        Ok((Codes::new(&header.literals), Codes::new(&header.distances)))
    }

    fn put(&mut self, token: Token, literals: &Codes, distances: &Codes) -> io::Result<()> {
        match token {
            Token::Literal(byte) => {
                let (code, bits) = literals.of(byte.into())?;
                self.out.put(code, bits)
            }
            Token::Match(Match { length, distance }) => {
                for (coded, codes) in [(code_length(length), literals), (code_distance(distance), distances)] {
                    let (code, bits) = codes.of(coded.symbol)?;
                    // A code and what follows it are 28 bits at most.
                    self.out.put(code | coded.extra << bits, bits + coded.extra_bits)?;
                }
                Ok(())
            }
        }
    }

    /// Ends the stream. Gives back the sink, and how many bytes it was not given.
    pub(super) fn finish(self) -> io::Result<(W, u64)> {
        let bounded = self.out.finish()?;
        Ok((bounded.sink, bounded.left))
    }
}

/// A sink that takes so many bytes and no more.
struct Bounded<W> {
    sink: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(malformed("a rebuilt deflate stream is too long"));
        }
        let length = self.sink.write(bytes)?;
        self.left -= length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
