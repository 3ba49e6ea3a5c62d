//! Pauses between tries: doubling, bounded, and different for everybody who failed at the same moment.
//!
//! Chance is an argument, so a pause can be worked out again.

use std::time::Duration;

/// The pauses of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// At most `first` after the first failure, and at most `longest` after many.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The pause after so many failures in a row: between half of the full one and all of it, by random bits.
    #[must_use]
    pub fn pause(self, failures: u32, bits: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let half = self.first.saturating_mul(1 << doublings).min(self.longest) / 2;
        half + half.mul_f64(bits as f64 / u64::MAX as f64)
    }

    /// The longest pause.
    #[must_use]
    pub const fn longest(self) -> Duration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(1800));

    #[test]
    fn pauses_double_up_to_the_longest() {
        let secs = |failures| BACKOFF.pause(failures, u64::MAX).as_secs();
        assert_eq!([0, 1, 2, 3, 9, 10, u32::MAX].map(secs), [5, 5, 10, 20, 1280, 1800, 1800]);
    }

    proptest! {
        #[test]
        fn a_pause_lies_between_half_and_all_of_the_full_one(failures in any::<u32>(), bits in any::<u64>()) {
            let full = BACKOFF.pause(failures, u64::MAX);
            let pause = BACKOFF.pause(failures, bits);
            prop_assert!(pause >= full / 2 && pause <= full);
        }
    }
}
