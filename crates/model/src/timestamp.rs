//! Points in time.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::excerpt::quoted;

/// Microseconds since 1970-01-01T00:00:00 UTC. Its text form is RFC 3339 in UTC.
///
/// The range is that of the calendar years -9998 to 9999, so that every value has a text form; arithmetic stays inside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 instant, or a number outside the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a time; write it like 2026-11-22T17:00:00Z", quoted(.0))]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// The earliest instant that has a text form.
    pub const MIN: Self = Self(-377_705_023_201_000_000);
    /// The latest instant that has a text form.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// Clamps to the calendar's range.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn from_secs(secs: i64) -> Self {
        Self::from_micros(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Time from `earlier` to this instant; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("the constructors keep the value in jiff's range")
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self::from_micros(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// RFC 3339 in UTC, with as many digits of the second as there are; `{:.0}` leaves them out, as sentences do.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision() {
            Some(digits) => write!(f, "{:.digits$}", self.to_jiff()),
            None => write!(f, "{}", self.to_jiff()),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp(text.to_owned()))?;
        Ok(Self::from_micros(instant.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
crate::openapi::text_schema!(Timestamp, "an instant in UTC, RFC 3339", format = "date-time");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_form_reads_back(micros in any::<i64>()) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(instant.to_string().parse(), Ok(instant));
        }

        #[test]
        fn arithmetic_never_leaves_the_calendar(micros in any::<i64>(), secs in any::<u64>()) {
            let instant = Timestamp::from_micros(micros);
            let duration = Duration::from_secs(secs);
            prop_assert!(instant + duration <= Timestamp::MAX && instant - duration >= Timestamp::MIN);
        }
    }

    #[test]
    fn seconds_before_1970_work() {
        assert_eq!(Timestamp::from_secs(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_sentence_leaves_out_the_fraction() {
        let instant = Timestamp::from_micros(1_999_999);
        assert_eq!(format!("{instant} {instant:.0}"), "1970-01-01T00:00:01.999999Z 1970-01-01T00:00:01Z");
    }

    #[test]
    fn a_text_without_a_zone_is_refused() {
        assert!("2026-11-22T17:00:00".parse::<Timestamp>().is_err());
    }
}
