//! Which bytes of two runs are alike, place by place, 64 at a time.

/// Bytes that are compared at once.
pub(super) const BLOCK_BYTES: usize = 64;

/// One bit for each of the first 64 places, the first the least significant: whether both runs have the same byte there. Places beyond
/// the end of either have none.
pub(super) fn mask(a: &[u8], b: &[u8]) -> u64 {
    if let (Some(a), Some(b)) = (a.first_chunk(), b.first_chunk()) {
        return block_mask(a, b);
    }
    let places = a.iter().zip(b).take(BLOCK_BYTES).enumerate();
    places.fold(0, |mask, (place, (a, b))| mask | u64::from(a == b) << place)
}

fn block_mask(a: &[u8; BLOCK_BYTES], b: &[u8; BLOCK_BYTES]) -> u64 {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    /// Brings the lowest bit of each byte to the uppermost byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut mask = 0;
    for (number, (a, b)) in a.as_chunks().0.iter().zip(b.as_chunks().0).enumerate() {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        // The upper bit of each byte that is not zero.
        let changed = ((differing & LOW_BITS) + LOW_BITS) | differing;
        let alike = (!changed & !LOW_BITS) >> 7;
        mask |= (alike.wrapping_mul(GATHER) >> 56) << (8 * number);
    }
    mask
}

/// How many bytes are alike.
pub(super) fn count(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let blocks = a[..length].chunks(BLOCK_BYTES).zip(b[..length].chunks(BLOCK_BYTES));
    blocks.map(|(a, b)| mask(a, b).count_ones() as usize).sum()
}

/// How many bytes at the beginning are alike without exception.
pub(super) fn prefix(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    for (a, b) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differing != 0 {
            return length + (differing.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length + a[length..].iter().zip(&b[length..]).take_while(|(a, b)| a == b).count()
}

/// How many whole blocks at the beginning are alike without exception, in bytes.
pub(super) fn equal_blocks(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.as_chunks::<BLOCK_BYTES>().0.iter().zip(b.as_chunks::<BLOCK_BYTES>().0);
    blocks.take_while(|(a, b)| a == b).count() * BLOCK_BYTES
}

/// How far to go from the beginning so that, of the bytes passed, those alike outnumber the others by most.
pub(super) fn best_prefix(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let mut best = Best::default();
    for (a, b) in a[..length].chunks(BLOCK_BYTES).zip(b[..length].chunks(BLOCK_BYTES)) {
        best.pass(mask(a, b), a.len());
    }
    best.length
}

/// The same for going back from the end.
pub(super) fn best_suffix(a: &[u8], b: &[u8]) -> usize {
    let length = a.len().min(b.len());
    let (a, b) = (&a[a.len() - length..], &b[b.len() - length..]);
    let mut best = Best::default();
    for (a, b) in a.rchunks(BLOCK_BYTES).zip(b.rchunks(BLOCK_BYTES)) {
        best.pass(mask(a, b).reverse_bits() >> (BLOCK_BYTES - a.len()), a.len());
    }
    best.length
}

/// The best place so far to stop at.
#[derive(Default)]
struct Best {
    score: isize,
    passed: usize,
    best: isize,
    length: usize,
}

impl Best {
    /// Goes on by up to a block.
    fn pass(&mut self, mut mask: u64, length: usize) {
        let mut left = length;
        while left >= 8 {
            let step = STEPS[(mask & 0xff) as usize];
            if self.score + isize::from(step.most) > self.best {
                self.best = self.score + isize::from(step.most);
                self.length = self.passed + usize::from(step.at);
            }
            self.score += isize::from(step.sum);
            (self.passed, left, mask) = (self.passed + 8, left - 8, mask >> 8);
        }
        for _ in 0..left {
            self.score += if mask & 1 == 1 { 1 } else { -1 };
            (self.passed, mask) = (self.passed + 1, mask >> 1);
            if self.score > self.best {
                (self.best, self.length) = (self.score, self.passed);
            }
        }
    }
}

/// What 8 places do to a score.
#[derive(Clone, Copy)]
struct Step {
    sum: i8,
    /// The highest that it rises among them, and behind how many of them it does so first.
    most: i8,
    at: u8,
}

const STEPS: [Step; 256] = {
    let mut steps = [Step { sum: 0, most: i8::MIN, at: 0 }; 256];
    let mut mask = 0;
    while mask < steps.len() {
        let mut place = 0;
        while place < 8 {
            let step = &mut steps[mask];
            step.sum += if mask >> place & 1 == 1 { 1 } else { -1 };
            place += 1;
            if step.sum > step.most {
                step.most = step.sum;
                step.at = place;
            }
        }
        mask += 1;
    }
    steps
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow_best(alike: impl Iterator<Item = bool>) -> usize {
        let (mut score, mut best, mut length) = (0isize, 0isize, 0);
        for (index, alike) in alike.enumerate() {
            score += if alike { 1 } else { -1 };
            if score > best {
                (best, length) = (score, index + 1);
            }
        }
        length
    }

    proptest! {
        #[test]
        fn blocks_tell_what_bytes_tell(
            pairs in proptest::collection::vec((0u8..3, 0u8..3), 0..300),
            more in 0usize..10,
        ) {
            let (mut a, b): (Vec<u8>, Vec<u8>) = pairs.into_iter().unzip();
            a.resize(a.len() + more, 1);
            let alike = || a.iter().zip(&b).map(|(a, b)| a == b);
            prop_assert_eq!(count(&a, &b), alike().filter(|alike| *alike).count());
            prop_assert_eq!(prefix(&a, &b), alike().take_while(|alike| *alike).count());
            prop_assert_eq!(best_prefix(&a, &b), slow_best(alike()));
            let back = a.iter().rev().zip(b.iter().rev()).map(|(a, b)| a == b);
            prop_assert_eq!(best_suffix(&a, &b), slow_best(back));
        }
    }

    #[test]
    fn a_whole_block_has_all_bits() {
        let block = [0x80; BLOCK_BYTES];
        assert_eq!(mask(&block, &block), u64::MAX);
        assert_eq!(mask(&block, &[0; BLOCK_BYTES]), 0);
        assert_eq!(equal_blocks(&[1; 130], &[1; 200]), 128);
    }
}
