//! Where the same few bytes came before, and how far zlib would have gone to get there.
//!
//! Positions are those of the text; only those within reach of a match are kept.

use super::symbols::HISTORY_BYTES;

const MASK: usize = HISTORY_BYTES as usize - 1;

/// Which candidates zlib would look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) at: u32,
    /// Nothing before this, and this only if it is the first.
    pub(super) limit: u32,
    pub(super) chain: u32,
}

impl Reach {
    pub(super) fn has(self, candidate: u32) -> bool {
        // Position 0 is what zlib takes for none.
        candidate >= self.limit && candidate > 0
    }
}

/// How many candidates zlib would have looked at before one. Its chains hold every position whose three bytes have the same hash; numbering
/// them tells how far down a chain a position is without going there.
pub(super) struct Ranks {
    hash_bits: u32,
    hash_shift: u32,
    /// Of each hash, how many positions had it, wrapping.
    counts: Vec<u16>,
    /// By position, modulo the window: the count when it was added.
    ranks: Box<[u16; MASK + 1]>,
}

impl Ranks {
    pub(super) fn new(hash_bits: u32) -> Self {
        let counts = vec![0; 1 << hash_bits];
        Self { hash_bits, hash_shift: hash_bits.div_ceil(3), counts, ranks: Box::new([0; MASK + 1]) }
    }

    pub(super) fn add(&mut self, key: [u8; 3], position: u32) {
        let count = &mut self.counts[hash(key, self.hash_bits, self.hash_shift)];
        *count = count.wrapping_add(1);
        self.ranks[position as usize & MASK] = *count;
    }

    /// Whether zlib would get to a candidate that has the same three bytes.
    pub(super) fn allow(&self, reach: Reach, candidate: u32) -> bool {
        let rank = |position: u32| self.ranks[position as usize & MASK];
        let steps = u32::from(rank(reach.at).wrapping_sub(rank(candidate)));
        steps <= reach.chain && (candidate > reach.limit || steps == 1)
    }
}

/// For each position the one before it with the same hash.
pub(super) struct Chains {
    /// One more than the last position of each hash.
    last: Vec<u32>,
    /// By position, modulo the window: the distance to the one before; 0 when there is none in the window.
    before: Box<[u16; MASK + 1]>,
}

impl Chains {
    const HASH_BITS: u32 = 16;

    pub(super) fn new() -> Self {
        Self { last: vec![0; 1 << Self::HASH_BITS], before: Box::new([0; MASK + 1]) }
    }

    pub(super) fn add(&mut self, key: u32, position: u32) {
        let last = &mut self.last[(key.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Self::HASH_BITS)) as usize];
        let distance = position + 1 - *last;
        self.before[position as usize & MASK] = if *last > 0 && distance < HISTORY_BYTES { distance as u16 } else { 0 };
        *last = position + 1;
    }

    /// The positions before one that was added, the nearest first. Beyond the window they mean nothing.
    pub(super) fn before(&self, mut position: u32) -> impl Iterator<Item = u32> {
        std::iter::from_fn(move || {
            let distance = u32::from(self.before[position as usize & MASK]);
            position = position.checked_sub(distance).filter(|_| distance > 0)?;
            Some(position)
        })
    }
}

/// zlib's rolling hash of three bytes.
pub(super) fn hash(key: [u8; 3], bits: u32, shift: u32) -> usize {
    let [a, b, c] = key.map(u32::from);
    ((a << (2 * shift) ^ b << shift ^ c) & ((1 << bits) - 1)) as usize
}
