//! Prefix codes, given as the lengths of their symbols' codes (RFC 1951, 3.2.2).
//!
//! A set of lengths that codes one bit string twice is refused, and one that leaves some unused too, but for the single code of one bit
//! that writers use when a block has one distance.

use std::io::{self, Read};

use super::bits::BitReader;
use super::malformed;

/// The longest code.
pub(super) const CODE_BITS_MAX: usize = 15;
/// Codes up to this length are found in one look.
const TABLE_BITS: u32 = 10;

/// For writing: each symbol's code, its first bit the least significant, and its length.
pub(super) struct Codes(Vec<(u16, u8)>);

impl Codes {
    /// `lengths` must have been accepted by [`Decoder::new`], or be those that a tree has.
    pub(super) fn new(lengths: &[u8]) -> Self {
        let mut next = first_codes(&counts(lengths));
        let code = |&length: &u8| {
            let length = usize::from(length);
            if length == 0 {
                return (0, 0);
            }
            let code = next[length];
            next[length] = code.wrapping_add(1);
            (code.reverse_bits() >> (16 - length), length as u8)
        };
        Self(lengths.iter().map(code).collect())
    }

    /// The code of a symbol and its bits. An error for a symbol that has none.
    pub(super) fn of(&self, symbol: usize) -> io::Result<(u32, u32)> {
        match self.0.get(symbol) {
            Some(&(code, length @ 1..)) => Ok((u32::from(code), u32::from(length))),
            _ => Err(malformed("a block's code lacks a symbol that the block needs")),
        }
    }
}

/// For reading.
pub(super) struct Decoder {
    /// By the next bits: the symbol shifted left by 4, and its code's length; 0 for longer codes and for those not used.
    table: Box<[u16]>,
    counts: [u16; CODE_BITS_MAX + 1],
    /// Ordered by code.
    symbols: Vec<u16>,
}

impl Decoder {
    pub(super) fn new(lengths: &[u8]) -> io::Result<Self> {
        let counts = counts(lengths);
        let mut unused = 1i32;
        for &count in &counts[1..] {
            unused = unused * 2 - i32::from(count);
            if unused < 0 {
                return Err(malformed("a code uses a bit string twice"));
            }
        }
        let used: u16 = counts[1..].iter().sum();
        if unused > 0 && used != counts[1] {
            return Err(malformed("a code is incomplete"));
        }
        let mut symbols: Vec<u16> =
            (0..lengths.len() as u16).filter(|&symbol| lengths[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| (lengths[usize::from(symbol)], symbol));
        Ok(Self { table: table(lengths), counts, symbols })
    }

    /// The next symbol. The reader must have been refilled since it gave 15 bits or more.
    pub(super) fn decode<R: Read>(&self, reader: &mut BitReader<R>) -> io::Result<usize> {
        let entry = self.table[(reader.peek() & ((1 << TABLE_BITS) - 1)) as usize];
        if entry != 0 {
            reader.consume(u32::from(entry & 15))?;
            return Ok(usize::from(entry >> 4));
        }
        let (symbol, length) = self.search(reader.peek())?;
        reader.consume(length)?;
        Ok(symbol)
    }

    /// Finds a code of any length, bit by bit.
    pub(super) fn search(&self, mut bits: u64) -> io::Result<(usize, u32)> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for length in 1..=CODE_BITS_MAX {
            code |= (bits & 1) as i32;
            bits >>= 1;
            let count = i32::from(self.counts[length]);
            if code - count < first {
                let symbol = self.symbols[(index + code - first) as usize];
                return Ok((usize::from(symbol), length as u32));
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(malformed("a bit string stands for no symbol"))
    }
}

fn counts(lengths: &[u8]) -> [u16; CODE_BITS_MAX + 1] {
    let mut counts = [0; CODE_BITS_MAX + 1];
    for &length in lengths {
        counts[usize::from(length)] += 1;
    }
    counts[0] = 0;
    counts
}

fn first_codes(counts: &[u16; CODE_BITS_MAX + 1]) -> [u16; CODE_BITS_MAX + 1] {
    let mut first = [0u16; CODE_BITS_MAX + 1];
    for length in 1..=CODE_BITS_MAX {
        first[length] = (first[length - 1].wrapping_add(counts[length - 1])) << 1;
    }
    first
}

fn table(lengths: &[u8]) -> Box<[u16]> {
    let mut table = vec![0; 1 << TABLE_BITS].into_boxed_slice();
    for (symbol, &(code, length)) in Codes::new(lengths).0.iter().enumerate() {
        if length > 0 && u32::from(length) <= TABLE_BITS {
            for place in (usize::from(code)..table.len()).step_by(1 << length) {
                table[place] = (symbol as u16) << 4 | u16::from(length);
            }
        }
    }
    table
}
