//! Runs of tokens that an earlier stream has too.
//!
//! Where two texts agree over some KB, their streams mostly have the same tokens, whatever compressor chose them. Such a run is named
//! instead of being predicted, which costs a few bytes, no search, and nothing that depends on the compressor.

mod search;

use std::io::{self, Read};

use super::parse::{Form, Parser};
use super::{Token, malformed};
use crate::codec::{Reader, put_varint};

pub(crate) use search::runs;

/// The shortest encoding of a run.
const RUN_BYTES_MIN: usize = 3;

/// A run of tokens of the new stream. All numbers are tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Of the new stream, between the run before, or the beginning, and this one.
    gap: u64,
    /// The same of the earlier stream.
    skip: u64,
    /// In the run, at least 1.
    length: u64,
}

#[cfg(test)]
impl Run {
    /// Tokens in the run.
    pub(super) fn tokens(&self) -> u64 {
        self.length
    }
}

/// The tokens of a stream, without what is stored.
struct Tokens<R> {
    parser: Parser<R>,
    is_in_block: bool,
}

impl<R: Read> Tokens<R> {
    fn new(source: R) -> Self {
        Self { parser: Parser::new(source), is_in_block: false }
    }

    fn next(&mut self) -> io::Result<Option<Token>> {
        loop {
            if self.is_in_block {
                match self.parser.token()? {
                    Some(token) => return Ok(Some(token)),
                    None => self.is_in_block = false,
                }
            }
            let Some(start) = self.parser.next_block()? else { return Ok(None) };
            match start.form {
                Form::Stored(length) => self.parser.stored(&mut vec![0; usize::from(length)])?,
                Form::Fixed | Form::Dynamic(_) => self.is_in_block = true,
            }
        }
    }
}

/// Writes runs.
pub(crate) fn write_runs(runs: &[Run], out: &mut Vec<u8>) {
    put_varint(out, runs.len() as u64);
    for run in runs {
        put_varint(out, run.gap);
        put_varint(out, run.skip);
        put_varint(out, run.length);
    }
}

fn read_runs(reader: &mut Reader<'_>) -> io::Result<Vec<Run>> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let count = reader.count("runs in a deflate stream", u32::MAX.into(), RUN_BYTES_MIN).map_err(invalid)?;
    let mut runs = Vec::with_capacity(count);
    for _ in 0..count {
        let mut number = || reader.varint().map_err(invalid);
        runs.push(Run { gap: number()?, skip: number()?, length: number()? });
    }
    if runs.iter().any(|run| run.length == 0) {
        return Err(malformed("a run of tokens is empty"));
    }
    Ok(runs)
}

/// Tells token by token which ones are in runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    runs: std::vec::IntoIter<Run>,
    run: Option<Run>,
}

impl Turns {
    pub(super) fn new(runs: Vec<Run>) -> Self {
        let mut runs = runs.into_iter();
        let run = runs.next();
        Self { runs, run }
    }

    /// Whether the next token is in a run; then how many tokens of the earlier stream lie before its own.
    pub(super) fn next(&mut self) -> Option<u64> {
        let run = self.run.as_mut()?;
        if run.gap > 0 {
            run.gap -= 1;
            return None;
        }
        let skip = std::mem::take(&mut run.skip);
        run.length -= 1;
        if run.length == 0 {
            self.run = self.runs.next();
        }
        Some(skip)
    }

    fn is_done(&self) -> bool {
        self.run.is_none()
    }
}

/// Tokens that are taken from an earlier stream.
pub(crate) struct Borrowed<'a> {
    turns: Turns,
    tokens: Tokens<Box<dyn Read + 'a>>,
}

impl<'a> Borrowed<'a> {
    /// Reads what [`write_runs`] wrote; `old` is the earlier stream.
    pub(crate) fn read(reader: &mut Reader<'_>, old: Box<dyn Read + 'a>) -> io::Result<Self> {
        Ok(Self { turns: Turns::new(read_runs(reader)?), tokens: Tokens::new(old) })
    }

    /// The next token, if it is in a run.
    pub(super) fn next(&mut self) -> io::Result<Option<Token>> {
        let Some(skip) = self.turns.next() else { return Ok(None) };
        for _ in 0..skip {
            self.take()?;
        }
        self.take().map(Some)
    }

    fn take(&mut self) -> io::Result<Token> {
        self.tokens.next()?.ok_or_else(|| malformed("a run of tokens extends beyond the end of the earlier stream"))
    }

    /// Refuses runs behind the end of the stream.
    pub(super) fn end(&self) -> io::Result<()> {
        if self.turns.is_done() { Ok(()) } else { Err(malformed("runs of tokens extend beyond the end of a stream")) }
    }
}
