//! A deflate stream from its plain text and its corrections, bit for bit.
//!
//! Text is written into a [`Recreator`], the stream comes out of it. It holds a window, the predictor's tables and the tokens of one
//! block, at most some 7 MiB and usually below 1. Corrections that lie give an error or another stream of the declared length, never more.

use std::io::{self, Write};

use super::borrow::Borrowed;
use super::encode::{Code, Encoder};
use super::predict::{LOOKAHEAD, Predictor};
use super::record::{self, Head, Miss};
use super::symbols::LENGTH_MAX;
use super::window::Window;
use super::{Kind, Token, malformed};
use crate::codec::Reader;

/// Text that is taken at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Text that must be known behind the place of a token, unless it ends: the longest token, and what the predictor looks at.
const AHEAD_BYTES: u32 = LENGTH_MAX as u32 + LOOKAHEAD;

/// Makes one stream.
pub(crate) struct Recreator<'c, W> {
    corrections: Reader<'c>,
    predictor: Predictor,
    window: Window,
    at: u32,
    inside: Inside,
    borrowed: Option<Borrowed<'c>>,
    out: Encoder<W>,
}

/// Where in the stream it is.
enum Inside {
    /// Between two blocks.
    Nothing,
    /// A stored block of which so many bytes are left.
    Stored { left: u32, last: bool },
    /// A block with codes.
    Coded(Block),
    /// Behind the last block.
    End,
}

struct Block {
    head: Head,
    tokens: Vec<Token>,
    miss: Miss,
}

impl<'c, W: Write> Recreator<'c, W> {
    /// Will write exactly `stored_length` bytes to `out`. Tokens that are not `borrowed` are predicted.
    ///
    /// # Errors
    ///
    /// When the corrections are for unknown zlib settings.
    pub(crate) fn new(
        corrections: &'c [u8],
        borrowed: Option<Borrowed<'c>>,
        stored_length: u64,
        out: W,
    ) -> io::Result<Self> {
        let mut corrections = Reader::new("corrections of a deflate stream", corrections);
        let style = record::read_style(&mut corrections)?;
        Ok(Self {
            corrections,
            predictor: Predictor::new(style),
            window: Window::default(),
            at: 0,
            inside: Inside::Nothing,
            borrowed,
            out: Encoder::new(out, stored_length),
        })
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// When the corrections are for another text, or the stream isn't as long as it should be.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.advance(0)?;
        if !matches!(self.inside, Inside::End) || self.at != self.window.end() {
            return Err(malformed("the plain bytes do not end where their corrections do"));
        }
        record::end(&self.corrections)?;
        self.borrowed.as_ref().map_or(Ok(()), Borrowed::end)?;
        match self.out.finish()? {
            (_, 0) => Ok(()),
            _ => Err(malformed("a rebuilt deflate stream is too short")),
        }
    }

    /// Goes on as long as `ahead` bytes are known behind the place reached.
    fn advance(&mut self, ahead: u32) -> io::Result<()> {
        loop {
            let known = self.window.end() - self.at;
            match &mut self.inside {
                Inside::Nothing => self.begin()?,
                Inside::Stored { left: 0, last } => self.inside = Inside::after(*last),
                Inside::Stored { .. } if known == 0 => return Ok(()),
                Inside::Stored { left, .. } => {
                    let length = known.min(*left);
                    *left -= length;
                    self.out.bytes(&self.window.from(self.at)[..length as usize])?;
                    self.at += length;
                    self.predictor.accept_stored(&self.window, self.at);
                }
                Inside::Coded(block) if block.tokens.len() as u64 == block.head.count => self.end()?,
                Inside::Coded(_) if known == 0 || known < ahead => return Ok(()),
                Inside::Coded(block) => {
                    let borrowed = self.borrowed.as_mut().map_or(Ok(None), Borrowed::next)?;
                    let token = match borrowed {
                        Some(token) => token,
                        None => {
                            let predicted = self.predictor.predict(&self.window, self.at);
                            let byte = self.window.from(self.at)[0];
                            block.miss.correct(&mut self.corrections, predicted, byte)?
                        }
                    };
                    if token.length() > known
                        || matches!(token, Token::Match(found) if u32::from(found.distance) > self.at)
                    {
                        return Err(malformed("a corrected token is outside the plain bytes"));
                    }
                    if borrowed.is_some() {
                        self.predictor.pass(&self.window, self.at, token);
                    } else {
                        self.predictor.accept(&self.window, self.at, token);
                    }
                    self.at += token.length();
                    block.tokens.push(token);
                }
                Inside::End => return Ok(()),
            }
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let head = Head::read(&mut self.corrections)?;
        self.inside = if head.kind == Kind::Stored {
            let length = head.count as u16;
            self.out.stored(head.last, length)?;
            Inside::Stored { left: length.into(), last: head.last }
        } else {
            let miss = Miss::first(&mut self.corrections, head.count)?;
            Inside::Coded(Block { head, tokens: Vec::new(), miss })
        };
        Ok(())
    }

    /// Writes a block whose tokens are complete.
    fn end(&mut self) -> io::Result<()> {
        let Inside::Coded(block) = std::mem::replace(&mut self.inside, Inside::Nothing) else {
            return Ok(());
        };
        if !block.miss.is_done() {
            return Err(malformed("corrections extend beyond the end of a block"));
        }
        let code = match (block.head.kind, &block.head.header) {
            (Kind::Dynamic, Some(bits)) => Code::Own(bits),
            (Kind::Dynamic, None) => Code::Usual,
            (Kind::Fixed | Kind::Stored, _) => Code::Fixed,
        };
        self.out.block(block.head.last, &code, &block.tokens)?;
        self.inside = Inside::after(block.head.last);
        Ok(())
    }
}

impl Inside {
    const fn after(last: bool) -> Self {
        if last { Self::End } else { Self::Nothing }
    }
}

impl<W: Write> Write for Recreator<'_, W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if text.is_empty() {
            return Ok(0);
        }
        if matches!(self.inside, Inside::End) {
            return Err(malformed("the plain bytes extend beyond the end of their corrections"));
        }
        let text = &text[..text.len().min(PIECE_BYTES)];
        self.window.append(text)?;
        self.advance(AHEAD_BYTES)?;
        self.window.forget_before(self.at);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
