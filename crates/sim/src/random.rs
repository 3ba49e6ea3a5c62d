//! Numbers that look drawn and follow from a seed: the same seed gives the same numbers on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to spread facts.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one device.
    pub(crate) fn of(seed: u64, number: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(number).wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.bits() % u64::from(end)).expect("a remainder is below its divisor")
    }

    /// One of `choices`, which are not none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let end = u32::try_from(choices.len()).expect("lists here are short");
        &choices[self.below(end) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_one_others() {
        let drawn = |seed, number| {
            let mut random = Random::of(seed, number);
            [random.bits(), random.bits()]
        };
        assert_eq!(drawn(1, 1), drawn(1, 1));
        assert_ne!(drawn(1, 1), drawn(2, 1));
        assert_ne!(drawn(1, 1), drawn(1, 2));
        assert_ne!(drawn(1, 1)[0], drawn(1, 1)[1]);
    }
}
