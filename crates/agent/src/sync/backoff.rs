//! Pauses between tries: doubling, bounded, and different on every client.

use std::time::Duration;

use dray_client::ClientError;

/// First pause.
const FIRST: Duration = Duration::from_secs(1);
/// Longest pause.
const MAX: Duration = Duration::from_secs(300);

/// The pauses of one kind of request.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    pause: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { pause: FIRST }
    }
}

impl Backoff {
    /// It worked: the next pause is the first one again.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The next pause: between half of it and all of it, by random bits.
    pub(crate) fn next(&mut self, bits: u64) -> Duration {
        let half = self.pause / 2;
        self.pause = (self.pause * 2).min(MAX);
        half + half.mul_f64(bits as f64 / u64::MAX as f64)
    }

    /// Waits for the next pause, or as long as the site asked for in its refusal, but for no more than twice the longest.
    pub(crate) async fn wait(&mut self, error: Option<&ClientError>) {
        // Without random bits clients are spread a little less.
        let pause = self.next(crate::platform::random_bits().unwrap_or(0));
        let asked = error.and_then(|error| error.refusal()?.retry_after).unwrap_or_default();
        tokio::time::sleep(pause.max(asked).min(2 * MAX)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_begin_again() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..11).map(|_| backoff.next(u64::MAX).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        backoff.reset();
        assert_eq!(backoff.next(0), Duration::from_millis(500));
    }

    proptest! {
        #[test]
        fn a_pause_lies_between_half_and_all_of_it(tries in 0_usize..20, bits in any::<u64>()) {
            let mut backoff = Backoff::default();
            for _ in 0..tries {
                backoff.next(bits);
            }
            let all = backoff.pause;
            let pause = backoff.next(bits);
            prop_assert!(pause >= all / 2 && pause <= all);
        }
    }
}
