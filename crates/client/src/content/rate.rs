//! A limit on bytes per second, shared by any number of transfers.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// So much may come at once after a pause, as time at the full rate.
const BURST: Duration = Duration::from_millis(250);

/// Bytes per second as people write them: `800k`, `2.5M`, `1G` or a plain number, in steps of 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytesPerSecond(NonZeroU64);

/// A text that is no [`BytesPerSecond`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a rate in bytes per second; write it like 800k, 2.5M or 1G")]
pub struct InvalidRate(String);

impl BytesPerSecond {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl FromStr for BytesPerSecond {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let invalid = || InvalidRate(text.to_owned());
        let steps = [('k', 1_000), ('K', 1_000), ('M', 1_000_000), ('G', 1_000_000_000)];
        let step = steps.iter().find_map(|(letter, step)| Some((text.strip_suffix(*letter)?, *step)));
        let (number, step): (&str, u64) = step.unwrap_or((text, 1));
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(part) {
            return Err(invalid());
        }
        let digits = |digits: &str| digits.parse::<u128>().map_err(|_| invalid());
        let tenths = 10_u128.pow(u32::try_from(part.len()).map_err(|_| invalid())?);
        if digits(part)? * u128::from(step) % tenths != 0 {
            return Err(invalid());
        }
        let sum = digits(whole)? * u128::from(step) + digits(part)? * u128::from(step) / tenths;
        u64::try_from(sum).ok().and_then(NonZeroU64::new).map(Self).ok_or_else(invalid)
    }
}

impl fmt::Display for BytesPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A limit on bytes per second. Bytes are counted when they have come; a task that took too many waits.
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
    use proptest::prelude::*;

    #[test]
    fn a_rate_is_read_as_people_write_it() {
        let read = |text: &str| text.parse().map(BytesPerSecond::get);
        for (text, number) in [("1", 1), ("800k", 800_000), ("2.5M", 2_500_000), ("1G", 1_000_000_000), ("0.001k", 1)] {
            assert_eq!(read(text), Ok(number), "{text}");
        }
        for bad in ["", "0", "0.0M", "k", "-1", "1.", ".5M", "1e6", "1 M", "1MB", "2.5", "99999999999999999999", "1T"] {
            assert_eq!(read(bad), Err(InvalidRate(bad.to_owned())), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_rate_or_refused(text in "[0-9.kMG-]{0,30}") {
            if let Ok(rate) = text.parse::<BytesPerSecond>() {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }
    }

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
