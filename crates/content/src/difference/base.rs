//! The index over a base: where its 16-byte keys lie.
//!
//! One hash table without chains: of equal keys the first position stays. Built once, then only read, so that all segments of a
//! file share it from several threads. It takes three quarters of the base's bytes.

use std::ops::Range;

use super::matching::Run;

/// Bytes that are compared at once to find a counterpart. Shorter ones would find more by chance than by descent.
pub(super) const KEY_BYTES: usize = 16;
/// Positions are 32 bits.
const INDEXED_BYTES_MAX: usize = u32::MAX as usize;
/// So many bytes apart are the positions that are indexed. What is near and shorter is found by [`super::near`].
const STEP: usize = 8;
const NONE: u32 = 0;

/// A base with its index. Of bases of 4 GiB and more, the bytes beyond are not found as counterparts; window those.
#[derive(Debug)]
pub struct Base<'a> {
    bytes: &'a [u8],
    /// By the upper bits of a key's hash: in the lower bits the number of the position, counted in steps from 1, in the others some of
    /// the hash, so that most keys that are not there need no look at the base.
    table: Vec<u32>,
    /// The bits of an entry that are the number of a position.
    number_mask: u32,
}

impl<'a> Base<'a> {
    /// Indexes `bytes`. Takes one pass.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let all = 0..bytes.len();
        Self::of_parts(bytes, std::slice::from_ref(&all))
    }

    /// Indexes what no run of `known` uses: for bytes whose counterparts are known but for what they didn't use ([`super::runs_along`]).
    #[must_use]
    pub fn beside(bytes: &'a [u8], known: &[Run]) -> Self {
        let mut used: Vec<Range<usize>> = known.iter().map(|run| run.base..run.base + run.beside).collect();
        used.sort_unstable_by_key(|range| range.start);
        let mut free = Vec::new();
        let mut at = 0;
        for range in used {
            if range.start > at {
                free.push(at..range.start);
            }
            at = at.max(range.end);
        }
        free.push(at..bytes.len().max(at));
        Self::of_parts(bytes, &free)
    }

    /// No index: nothing is found but what is known.
    #[must_use]
    pub fn unindexed(bytes: &'a [u8]) -> Self {
        Self::of_parts(bytes, &[])
    }

    /// Indexes the given parts of `bytes`.
    fn of_parts(bytes: &'a [u8], parts: &[Range<usize>]) -> Self {
        let end = bytes.len().min(INDEXED_BYTES_MAX);
        let number_mask = ((end / STEP + 1) as u32 + 1).next_power_of_two() - 1;
        let positions: usize = parts.iter().map(|part| part.len().div_ceil(STEP)).sum();
        let mut base = Self { bytes, table: vec![NONE; positions * 3 / 2], number_mask };
        for part in parts {
            let last = (part.end + KEY_BYTES - 1).min(end).saturating_sub(KEY_BYTES - 1);
            let first = part.start.next_multiple_of(STEP);
            for position in (first..last).step_by(STEP) {
                let key = bytes[position..].first_chunk().expect("a key ends before the bytes do");
                let hash = hash_of(key);
                let entry = base.entry(hash, position);
                let place = base.place(hash);
                let slot = &mut base.table[place];
                *slot = if *slot == NONE { entry } else { *slot };
            }
        }
        base
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the table has at the place of a key. To be given to [`Base::position`]: in between others can be looked up, so that
    /// they need not wait for each other.
    pub(super) fn look(&self, key: &[u8; KEY_BYTES]) -> Entry {
        let hash = hash_of(key);
        let found = self.table.get(self.place(hash)).copied().unwrap_or(NONE);
        Entry { hash, found }
    }

    /// A position whose key may be the one looked up, to be compared by the caller.
    pub(super) fn position(&self, entry: Entry) -> Option<usize> {
        let number = (entry.found & self.number_mask) as usize;
        let has_tag = (entry.found ^ entry.hash as u32) & !self.number_mask == 0;
        (has_tag && number > 0).then(|| (number - 1) * STEP)
    }

    fn entry(&self, hash: u64, position: usize) -> u32 {
        hash as u32 & !self.number_mask | (position / STEP + 1) as u32
    }

    fn place(&self, hash: u64) -> usize {
        (((hash >> 32) * self.table.len() as u64) >> 32) as usize
    }
}

/// What was found for a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    hash: u64,
    found: u32,
}

/// A hash whose multipliers are odd and have no pattern.
fn hash_of(key: &[u8; KEY_BYTES]) -> u64 {
    let [low, high] = *key.as_chunks().0 else { unreachable!("a key is two words") };
    let (low, high) = (u64::from_le_bytes(low), u64::from_le_bytes(high));
    let hash = (low ^ high.rotate_left(29).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}
