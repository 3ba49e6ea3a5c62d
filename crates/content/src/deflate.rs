//! Deflate streams, taken apart and put together again bit for bit.
//!
//! One plain text has many deflate streams; which one an archive holds depends on its writer's search for matches. Nearly all
//! writers are zlib or descend from the same code, so [`analyse()`] repeats that search and writes down where the stream differs from
//! it: its *corrections*. What an earlier version of the stream has too may be borrowed from there instead ([`runs`]).
//! [`Recreator`] makes the stream again from plain text and corrections. Both hold a window and one
//! block, whatever the stream's length. Corrections are not believed: no bytes of theirs can cost more than one block's memory,
//! nor make more output than was asked for, nor end in anything but an error. RFC 1951 is the source of everything here.

mod analyse;
mod bits;
mod borrow;
mod chains;
mod differ;
mod encode;
mod header;
mod huffman;
mod inflate;
mod parse;
mod predict;
mod proof;
mod record;
mod recreate;
mod symbols;
mod trees;
mod window;

#[cfg(test)]
mod tests;

use std::io;

pub(crate) use analyse::analyse;
pub(crate) use borrow::{Borrowed, Run, runs, write_runs};
pub(crate) use inflate::{Inflater, measure};
pub(crate) use predict::Style;
pub(crate) use recreate::Recreator;

/// Positions in plain text are 32 bits.
pub(crate) const PLAIN_BYTES_MAX: u64 = u32::MAX as u64;

/// Tokens of one block that is taken apart. A block is held in memory while its code is computed; zlib ends one after 16 or 32
/// thousand tokens, and no known writer goes beyond some hundred thousand.
const BLOCK_TOKENS_MAX: u64 = 1 << 20;

/// What a Huffman-coded block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(u8),
    Match(Match),
}

/// `length` bytes (3 to 258) like those `distance` (1 to 32,768) before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Match {
    length: u16,
    distance: u16,
}

impl Token {
    /// Bytes of plain text.
    const fn length(self) -> u32 {
        match self {
            Self::Literal(_) => 1,
            Self::Match(found) => found.length as u32,
        }
    }
}

/// The three kinds of blocks. The dynamic one brings its own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stored,
    Fixed,
    Dynamic,
}

fn malformed(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
