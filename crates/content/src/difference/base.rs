//! The index over a base: where its 16-byte keys lie.
//!
//! One hash table without chains: of equal keys the first position stays. Built once, then only read, so that all segments of a
//! file share it from several threads. It takes 1.5 to 3 times the base's bytes at a step of 4.

/// Bytes that are compared at once to find a counterpart. Shorter ones would find more by chance than by descent.
pub(super) const KEY_BYTES: usize = 16;
/// Positions are 32 bits, and one value means none.
const INDEXED_BYTES_MAX: usize = u32::MAX as usize;
/// Above this, every 8th position is indexed instead of every 4th: half the memory, and large files have long runs in common.
const FINE_BYTES_MAX: usize = 64 << 20;
const NONE: u32 = u32::MAX;

/// A base with its index. Of bases of 4 GiB and more, the bytes beyond are not found as counterparts; window those.
#[derive(Debug)]
pub struct Base<'a> {
    bytes: &'a [u8],
    /// Positions by the upper bits of their keys' hashes.
    table: Vec<u32>,
    /// What remains of a hash when its upper bits are the place in the table.
    shift: u32,
}

impl<'a> Base<'a> {
    /// Indexes `bytes`. Takes one pass.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let step = if bytes.len() > FINE_BYTES_MAX { 8 } else { 4 };
        let indexed = &bytes[..bytes.len().min(INDEXED_BYTES_MAX)];
        if indexed.len() < KEY_BYTES {
            return Self { bytes, table: Vec::new(), shift: 0 };
        }
        let slots = (indexed.len() / step * 3 / 2).max(2).next_power_of_two();
        let shift = u64::BITS - slots.trailing_zeros();
        let mut table = vec![NONE; slots];
        for (position, key) in indexed.windows(KEY_BYTES).enumerate().step_by(step) {
            let slot = &mut table[slot_of(key, shift)];
            if *slot == NONE {
                *slot = position as u32;
            }
        }
        Self { bytes, table, shift }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A position whose key may be that at the beginning of `new`, to be compared by the caller.
    pub(super) fn candidate(&self, new: &[u8]) -> Option<usize> {
        let key = new.get(..KEY_BYTES)?;
        if self.table.is_empty() {
            return None;
        }
        let position = self.table[slot_of(key, self.shift)];
        (position != NONE).then_some(position as usize)
    }
}

/// The place of a key in a table: the upper bits of a hash whose multipliers are odd and have no pattern.
fn slot_of(key: &[u8], shift: u32) -> usize {
    let (low, high) = key.split_at(8);
    let low = u64::from_le_bytes(low.try_into().expect("a key is two words"));
    let high = u64::from_le_bytes(high.try_into().expect("a key is two words"));
    let hash = (low ^ high.rotate_left(29).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash >> shift) as usize
}
