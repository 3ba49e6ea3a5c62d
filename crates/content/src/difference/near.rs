//! A second index, over what lies near the open run in the base.
//!
//! Most of what moved has moved a little. A small table with short keys finds it, and being small it is fast: it holds what was near last.
//! The work is bounded by the bytes that are passed, however wildly the open run jumps about.

/// Bytes of a key.
pub(super) const NEAR_KEY_BYTES: usize = 8;
/// The base is indexed in blocks of so many bytes,
const BLOCK_BYTES: usize = 4 << 10;
/// so many of them behind the block of the open run and ahead of it (8 cost a tenth more work for no fewer bytes),
const REACH_BLOCKS: usize = 1;
/// at positions so many bytes apart.
const STEP: usize = 2;
const TABLE_BITS: u32 = 16;
/// Blocks after which what was indexed is taken for gone: as many as fill the table.
const KEPT_BLOCKS: u32 = ((1 << TABLE_BITS) / (BLOCK_BYTES / STEP)) as u32;
/// Positions that may be indexed for each byte that is passed.
const POSITIONS_PER_BYTE: usize = 2;

/// The index.
pub(super) struct Near<'a> {
    old: &'a [u8],
    /// One more than the position, by hash.
    table: Vec<u32>,
    /// For each block how many had been indexed when it was, counted from 1.
    indexed: Vec<u32>,
    count: u32,
    /// Positions that may be indexed.
    allowed: usize,
    /// How far bytes were passed.
    passed: usize,
}

impl<'a> Near<'a> {
    pub(super) fn new(old: &'a [u8]) -> Self {
        let blocks = old.len().min(u32::MAX as usize - 1).div_ceil(BLOCK_BYTES);
        Self {
            old,
            table: vec![0; 1 << TABLE_BITS],
            indexed: vec![0; blocks],
            count: 0,
            allowed: BLOCK_BYTES * REACH_BLOCKS,
            passed: 0,
        }
    }

    /// Indexes what is near `here`, as far as the bytes passed up to `at` allow, the nearest first.
    pub(super) fn cover(&mut self, here: usize, at: usize) {
        let block = here / BLOCK_BYTES;
        self.allowed += (at - self.passed) * POSITIONS_PER_BYTE;
        self.passed = at;
        for distance in 0..=REACH_BLOCKS {
            for block in [block.wrapping_sub(distance), block + distance] {
                let Some(indexed) = self.indexed.get_mut(block) else { continue };
                if *indexed > 0 && self.count - *indexed < KEPT_BLOCKS {
                    continue;
                }
                let Some(left) = self.allowed.checked_sub(BLOCK_BYTES / STEP) else { return };
                self.allowed = left;
                self.count += 1;
                *indexed = self.count;
                self.index(block);
            }
        }
    }

    fn index(&mut self, block: usize) {
        let start = block * BLOCK_BYTES;
        let bytes = &self.old[start..self.old.len().min(start + BLOCK_BYTES + NEAR_KEY_BYTES - 1)];
        for (number, key) in bytes.windows(NEAR_KEY_BYTES).enumerate().step_by(STEP) {
            let key = key.first_chunk().expect("a window is a key");
            self.table[place(key)] = (start + number + 1) as u32;
        }
    }

    /// A position whose key may be the given one.
    pub(super) fn position(&self, key: &[u8; NEAR_KEY_BYTES]) -> Option<usize> {
        (self.table[place(key)] as usize).checked_sub(1)
    }
}

fn place(key: &[u8; NEAR_KEY_BYTES]) -> usize {
    (u64::from_le_bytes(*key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - TABLE_BITS)) as usize
}
