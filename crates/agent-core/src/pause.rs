//! Waits that end by themselves, whatever the clock does.
//!
//! A [`Pause`] keeps when it began as well as its length. Over its end it is over; and so it is when it would last more than twice
//! its length from now, because then the clock was set back since. A wrong clock can shorten a wait, and never make it endless.

use std::time::Duration;

use dray_model::{Backoff, Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// A wait of a given length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    since: Timestamp,
    length_ms: u64,
}

impl Pause {
    pub(crate) fn new(since: Timestamp, length: Duration) -> Self {
        Self { since, length_ms: u64::try_from(length.as_millis()).unwrap_or(u64::MAX) }
    }

    pub(crate) fn until(self) -> Timestamp {
        self.since + self.length()
    }

    pub(crate) fn is_over(self, now: Timestamp) -> bool {
        now >= self.until() || now + self.length() < self.since
    }

    fn length(self) -> Duration {
        Duration::from_millis(self.length_ms)
    }
}

/// The wait after the `failures`th failure in a row: 5 s, doubled each time, at most 30 min, less up to half of it.
///
/// What is taken off depends on `seed` and the number alone, so that a fleet that failed at one moment does not come back at one moment.
pub(crate) fn backoff(failures: u32, seed: &[&[u8]]) -> Duration {
    const PAUSES: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(30 * 60));
    let mut bytes = seed.concat();
    bytes.extend(failures.to_le_bytes());
    let chance = Digest::of(&bytes).as_bytes().first_chunk().copied().unwrap_or_default();
    PAUSES.pause(failures, u64::from_le_bytes(chance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pause_never_lasts_more_than_twice_its_length(since in any::<i64>(), now in any::<i64>(), secs in 0u64..1_000_000) {
            let pause = Pause::new(Timestamp::from_micros(since), Duration::from_secs(secs));
            let now = Timestamp::from_micros(now);
            prop_assert!(pause.is_over(now) || pause.until().since(now) <= Duration::from_secs(2 * secs));
        }

        #[test]
        fn back_off_grows_from_5_s_to_30_min(failures in 1u32.., seed in any::<u64>()) {
            let wait = backoff(failures, &[&seed.to_le_bytes()]);
            prop_assert!(wait >= Duration::from_millis(2_500) && wait <= Duration::from_secs(1800));
            prop_assert_eq!(wait, backoff(failures, &[&seed.to_le_bytes()]), "the same every time");
        }
    }

    #[test]
    fn devices_spread_out() {
        let waits: std::collections::BTreeSet<_> = (0u64..100).map(|seed| backoff(9, &[&seed.to_le_bytes()])).collect();
        assert!(waits.len() > 50);
    }

    #[test]
    fn a_pause_holds_until_its_end() {
        let start = Timestamp::from_secs(1_000_000);
        let pause = Pause::new(start, Duration::from_secs(60));
        assert!(!pause.is_over(start));
        assert!(!pause.is_over(start - Duration::from_secs(59)), "a small step back is no reason to hurry");
        assert!(pause.is_over(start + Duration::from_secs(60)));
        assert!(pause.is_over(start - Duration::from_secs(10 * 365 * 86_400)));
    }
}
