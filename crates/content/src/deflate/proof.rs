//! The proof that tokens tell all about a stream: they are written again, and the bytes compared by their digests.
//!
//! What is left to the predictor needs no proof of its own: it is asked the same questions when the stream is made again.

use std::io::{self, Read};

use super::Token;
use super::differ::Item;
use super::encode::{Code, Encoder};
use super::parse::{BlockStart, Form};

/// Takes the items of one stream.
pub(super) struct Proof {
    encoder: Encoder<blake3::Hasher>,
    block: Option<Box<BlockStart>>,
    tokens: Vec<Token>,
}

impl Proof {
    pub(super) fn new() -> Self {
        Self { encoder: Encoder::new(blake3::Hasher::new(), u64::MAX), block: None, tokens: Vec::new() }
    }

    pub(super) fn feed(&mut self, item: &Item) -> io::Result<()> {
        match item {
            Item::Begin(start) => {
                if let Form::Stored(length) = start.form {
                    self.encoder.stored(start.last, length)?;
                }
                self.block = Some(start.clone());
            }
            Item::Token(token) => self.tokens.push(*token),
            Item::Stored(bytes) => self.encoder.bytes(bytes)?,
            Item::End => {
                let block = self.block.take().expect("a block that ends was begun");
                let code = match &block.form {
                    Form::Stored(_) => return Ok(()),
                    Form::Fixed => Code::Fixed,
                    Form::Dynamic(header) => Code::Own(&header.bits),
                };
                self.encoder.block(block.last, &code, &self.tokens)?;
                self.tokens.clear();
            }
        }
        Ok(())
    }

    /// Ends the stream: whether the bytes written are those that were hashed.
    pub(super) fn holds(self, expected: &blake3::Hasher) -> io::Result<bool> {
        let (found, _) = self.encoder.finish()?;
        Ok(found.finalize() == expected.finalize())
    }
}

/// Hashes what is read of a source.
pub(super) struct Hashed<R> {
    pub(super) source: R,
    pub(super) hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(out)?;
        self.hasher.update(&out[..length]);
        Ok(length)
    }
}
