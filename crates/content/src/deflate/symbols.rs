//! The alphabets of deflate: which symbol and which extra bits a length or distance has (RFC 1951, 3.2.5).

use std::io;

use super::malformed;

/// Literals, the end of a block, and 29 symbols for lengths.
pub(super) const LITERALS: usize = 286;
/// Symbols for distances.
pub(super) const DISTANCES: usize = 30;
/// The symbol that ends a block.
pub(super) const END: usize = 256;
const FIRST_LENGTH: usize = 257;

pub(super) const LENGTH_MIN: u16 = 3;
pub(super) const LENGTH_MAX: u16 = 258;
/// Bytes that a match may reach back.
pub(super) const HISTORY_BYTES: u32 = 32 << 10;

const LENGTH_BASE: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// A symbol and the bits that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coded {
    pub(super) symbol: usize,
    pub(super) extra: u32,
    pub(super) extra_bits: u32,
}

/// How many bits follow the symbol of a length, and the length when they are zero. `None` for what is no symbol of a length.
pub(super) fn length_of(symbol: usize) -> Option<(u16, u32)> {
    let index = symbol.checked_sub(FIRST_LENGTH)?;
    Some((*LENGTH_BASE.get(index)?, u32::from(LENGTH_EXTRA[index])))
}

/// The same for a distance.
pub(super) fn distance_of(symbol: usize) -> Option<(u16, u32)> {
    match symbol {
        0..4 => Some((symbol as u16 + 1, 0)),
        4..DISTANCES => {
            let bits = symbol as u32 / 2 - 1;
            Some((((2 + (symbol as u16 & 1)) << bits) + 1, bits))
        }
        _ => None,
    }
}

/// The symbol of a length of 3 to 258.
pub(super) fn code_length(length: u16) -> Coded {
    let index = if length == LENGTH_MAX {
        28
    } else {
        let value = u32::from(length - LENGTH_MIN);
        let bits = value.max(4).ilog2() - 2;
        if value < 8 { value as usize } else { (bits * 4 + (value >> bits)) as usize }
    };
    let extra_bits = u32::from(LENGTH_EXTRA[index]);
    Coded { symbol: FIRST_LENGTH + index, extra: u32::from(length - LENGTH_BASE[index]), extra_bits }
}

/// The symbol of a distance of 1 to 32,768.
pub(super) fn code_distance(distance: u16) -> Coded {
    let value = u32::from(distance - 1);
    if value < 4 {
        return Coded { symbol: value as usize, extra: 0, extra_bits: 0 };
    }
    let bits = value.ilog2() - 1;
    Coded { symbol: (bits * 2 + (value >> bits)) as usize, extra: value & ((1 << bits) - 1), extra_bits: bits }
}

/// Refuses what is no length.
pub(super) fn checked_length(length: u64) -> io::Result<u16> {
    match u16::try_from(length) {
        Ok(length @ LENGTH_MIN..=LENGTH_MAX) => Ok(length),
        _ => Err(malformed("a match is shorter than 3 or longer than 258 bytes")),
    }
}

/// Refuses what is no distance.
pub(super) fn checked_distance(distance: u64) -> io::Result<u16> {
    match u16::try_from(distance) {
        Ok(distance @ 1..=0x8000) => Ok(distance),
        _ => Err(malformed("a match reaches back more than 32 KiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_distance_reads_back() {
        for length in LENGTH_MIN..=LENGTH_MAX {
            let coded = code_length(length);
            let (base, bits) = length_of(coded.symbol).unwrap();
            assert_eq!((u32::from(base) + coded.extra, bits), (u32::from(length), coded.extra_bits));
            assert!(coded.extra < 1 << bits);
        }
        for distance in 1..=0x8000 {
            let coded = code_distance(distance);
            let (base, bits) = distance_of(coded.symbol).unwrap();
            assert_eq!((u32::from(base) + coded.extra, bits), (u32::from(distance), coded.extra_bits));
            assert!(coded.extra < 1 << bits);
        }
    }
}
