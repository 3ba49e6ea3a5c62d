//! A limit on bytes per second, shared by any number of transfers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So much may come at once after a pause, as time at the full rate.
const BURST: Duration = Duration::from_millis(250);

/// A limit on bytes per second. Bytes are counted when they have come; whoever took too many waits.
#[derive(Debug)]
pub struct RateLimit {
    bytes_per_s: u64,
    paid_until: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// At most `bytes_per_s`, at least 1.
    #[must_use]
    pub fn new(bytes_per_s: u64) -> Self {
        Self { bytes_per_s: bytes_per_s.max(1), paid_until: Mutex::new(None) }
    }

    /// Waits until `bytes` that have just come are within the rate.
    pub async fn pass(&self, bytes: u64) {
        let now = Instant::now();
        let until = self.take(bytes, now);
        if until > now {
            tokio::time::sleep_until(until).await;
        }
    }

    fn take(&self, bytes: u64, now: Instant) -> Instant {
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let from = paid_until.map_or(earliest, |until| until.max(earliest));
        let until = from + Duration::from_secs_f64(bytes as f64 / self.bytes_per_s as f64);
        *paid_until = Some(until);
        until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_bytes_come_at_the_rate() {
        let (rate, now) = (RateLimit::new(1000), Instant::now() + BURST);
        assert_eq!(rate.take(250, now), now);
        assert_eq!(rate.take(1000, now), now + Duration::from_secs(1));
        assert_eq!(rate.take(500, now), now + Duration::from_millis(1500));
    }

    #[test]
    fn a_pause_gives_one_burst_and_no_more() {
        let (rate, now) = (RateLimit::new(1000), Instant::now() + BURST);
        rate.take(250, now);
        let later = now + Duration::from_secs(3600);
        assert_eq!(rate.take(1250, later), later + Duration::from_secs(1));
    }
}
