//! How long to wait after failures.

use std::time::Duration;

/// After the first failure.
const FIRST: Duration = Duration::from_secs(5);
/// After many.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// The pause after `failures` failures in a row: 5 s, doubling to 30 min.
#[must_use]
pub fn delay(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_5_seconds_to_30_minutes() {
        let secs = |failures| delay(failures).as_secs();
        assert_eq!([1, 2, 3, 9, 10, u32::MAX].map(secs), [5, 10, 20, 1280, 1800, 1800]);
    }
}
