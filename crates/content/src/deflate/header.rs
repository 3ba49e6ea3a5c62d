//! The beginning of a dynamic block: the two codes of the block, themselves coded (RFC 1951, 3.2.7).
//!
//! A header keeps its bits as they were, because there are many ways to write the same codes.

use std::io;

use super::bits::BitString;
use super::huffman::Decoder;
use super::malformed;
use super::symbols::{DISTANCES, END, LITERALS};

/// The order in which the lengths of the code for lengths are written.
pub(super) const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// Repeats the length before, 3 to 6 times.
pub(super) const REPEAT: usize = 16;
/// 3 to 10 zeros.
pub(super) const ZEROS: usize = 17;
/// 11 to 138 zeros.
pub(super) const MANY_ZEROS: usize = 18;
/// The longest header: counts, 19 lengths, and 316 symbols of 7 bits with up to 7 more.
pub(super) const BITS_MAX: u32 = 14 + 19 * 3 + 316 * 14;

/// The lengths of a block's codes and the bits that said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) literals: Vec<u8>,
    pub(super) distances: Vec<u8>,
    pub(super) bits: BitString,
}

impl Header {
    /// Reads a header from `take`, which gives the next bits, as many as it is asked for.
    pub(super) fn read(mut take: impl FnMut(u32) -> io::Result<u32>) -> io::Result<Self> {
        let mut bits = BitString::default();
        let mut take = |count| {
            let value = take(count)?;
            bits.put(value, count);
            io::Result::Ok(value)
        };
        let literals = take(5)? as usize + 257;
        let distances = take(5)? as usize + 1;
        let coded = take(4)? as usize + 4;
        if literals > LITERALS || distances > DISTANCES {
            return Err(malformed("a block's code has too many symbols"));
        }
        let mut lengths = [0; ORDER.len()];
        for &symbol in &ORDER[..coded] {
            lengths[symbol] = take(3)? as u8;
        }
        let mut all = read_lengths(&Decoder::new(&lengths)?, literals + distances, take)?;
        let distances = all.split_off(literals);
        if all[END] == 0 {
            return Err(malformed("a block has no symbol for its end"));
        }
        Ok(Self { literals: all, distances, bits })
    }

    /// Reads a header that was kept.
    pub(super) fn from_bits(kept: &BitString) -> io::Result<Self> {
        let mut at = 0;
        let header = Self::read(|count| {
            let mut value = 0;
            for bit in 0..count {
                let byte = kept.bytes.get((at / 8) as usize).filter(|_| at < kept.length);
                let byte = byte.ok_or_else(|| malformed("a block's header ends too early"))?;
                value |= u32::from(byte >> (at % 8) & 1) << bit;
                at += 1;
            }
            Ok(value)
        })?;
        if at == kept.length { Ok(header) } else { Err(malformed("there are bits after a block's header")) }
    }
}

fn read_lengths(code: &Decoder, count: usize, mut take: impl FnMut(u32) -> io::Result<u32>) -> io::Result<Vec<u8>> {
    let mut lengths = Vec::with_capacity(count);
    while lengths.len() < count {
        let (length, times) = match read_symbol(code, &mut take)? {
            REPEAT => {
                let before = lengths.last().copied();
                (before.ok_or_else(|| malformed("a block's code begins with a repetition"))?, 3 + take(2)?)
            }
            ZEROS => (0, 3 + take(3)?),
            MANY_ZEROS => (0, 11 + take(7)?),
            length => (length as u8, 1),
        };
        if lengths.len() + times as usize > count {
            return Err(malformed("a block's code has too many symbols"));
        }
        lengths.resize(lengths.len() + times as usize, length);
    }
    Ok(lengths)
}

/// Reads a symbol bit by bit: a header is short, and no bit after it may be taken.
fn read_symbol(code: &Decoder, mut take: impl FnMut(u32) -> io::Result<u32>) -> io::Result<usize> {
    const LONGEST: u32 = 7;
    let mut bits = 0;
    for length in 1..=LONGEST {
        bits |= u64::from(take(1)?) << (length - 1);
        match code.search(bits) {
            Ok((symbol, found)) if found == length => return Ok(symbol),
            _ => {}
        }
    }
    Err(malformed("a bit string stands for no symbol"))
}

/// The codes of fixed blocks.
pub(super) fn fixed() -> (Vec<u8>, Vec<u8>) {
    let literals = (0..288).map(|symbol| match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    });
    (literals.collect(), vec![5; 32])
}
