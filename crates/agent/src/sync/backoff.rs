//! Pauses between tries of one kind of request: how often it failed, and waiting.

use std::time::Duration;

use dray_client::ClientError;

const PAUSES: dray_model::Backoff = dray_model::Backoff::new(Duration::from_secs(1), Duration::from_secs(300));

/// The pauses of one kind of request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It worked: the next pause is the first one again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    fn next(&mut self, bits: u64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        PAUSES.pause(self.failures, bits)
    }

    /// Waits for the next pause, or as long as the site asked for in its refusal, but for no more than twice the longest.
    pub(crate) async fn wait(&mut self, error: Option<&ClientError>) {
        // Without random bits clients are spread a little less.
        let pause = self.next(crate::platform::random_bits().unwrap_or(0));
        let asked = error.and_then(|error| error.refusal()?.retry_after).unwrap_or_default();
        tokio::time::sleep(pause.max(asked).min(2 * PAUSES.longest())).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_begin_again() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..11).map(|_| backoff.next(u64::MAX).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        backoff.reset();
        assert_eq!(backoff.next(0), Duration::from_millis(500));
    }
}
