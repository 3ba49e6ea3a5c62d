//! The plain text of a deflate stream, piece by piece.

use std::io::{self, Read};

use super::Token;
use super::parse::{Form, Parser};
use super::window::Window;

/// What is made at a time.
const PIECE_BYTES: u32 = 64 << 10;

/// Gives the plain text of the one deflate stream that fills a source. Holds some 200 KiB.
pub(crate) struct Inflater<R> {
    parser: Parser<R>,
    window: Window,
    /// What was given away, up to here.
    at: u32,
    inside: Inside,
}

/// Where in the stream it is.
#[derive(Debug, Clone, Copy)]
enum Inside {
    /// Between two blocks.
    Nothing,
    /// A block with codes.
    Coded,
    /// A stored block of which so many bytes are left.
    Stored(u16),
    /// Behind the end.
    End,
}

impl<R: Read> Inflater<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { parser: Parser::new(source), window: Window::default(), at: 0, inside: Inside::Nothing }
    }

    /// Makes the next piece.
    fn fill(&mut self) -> io::Result<()> {
        self.window.forget_before(self.at);
        while self.window.end() - self.at < PIECE_BYTES {
            self.inside = match self.inside {
                Inside::Nothing => match self.parser.next_block()?.map(|block| block.form) {
                    Some(Form::Stored(length)) => Inside::Stored(length),
                    Some(_) => Inside::Coded,
                    None => {
                        self.parser.end()?;
                        Inside::End
                    }
                },
                Inside::Coded => self.tokens()?,
                Inside::Stored(0) => Inside::Nothing,
                Inside::Stored(left) => {
                    let mut piece = [0; 4096];
                    let length = left.min(piece.len() as u16);
                    let piece = &mut piece[..usize::from(length)];
                    self.parser.stored(piece)?;
                    self.window.append(piece)?;
                    Inside::Stored(left - length)
                }
                Inside::End => break,
            };
        }
        Ok(())
    }

    fn tokens(&mut self) -> io::Result<Inside> {
        while self.window.end() - self.at < PIECE_BYTES {
            match self.parser.token()? {
                Some(Token::Literal(byte)) => self.window.append_byte(byte)?,
                Some(Token::Match(found)) => self.window.append_match(found)?,
                None => return Ok(Inside::Nothing),
            }
        }
        Ok(Inside::Coded)
    }
}

impl<R: Read> Read for Inflater<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.window.end() {
            self.fill()?;
        }
        let ready = self.window.from(self.at);
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.at += length as u32;
        Ok(length)
    }
}

/// How long the deflate stream at the beginning of a source is, and its plain text. The source may go on behind it.
pub(crate) fn measure<R: Read>(source: R) -> io::Result<(u64, u64)> {
    let mut parser = Parser::new(source);
    let mut plain = 0;
    while let Some(block) = parser.next_block()? {
        if let Form::Stored(length) = block.form {
            parser.stored(&mut vec![0; usize::from(length)])?;
            plain += u64::from(length);
            continue;
        }
        while let Some(token) = parser.token()? {
            plain += u64::from(token.length());
        }
    }
    Ok((parser.position(), plain))
}
