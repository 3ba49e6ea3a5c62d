//! The agent's one clock. Everything else takes the time as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use dray_model::Timestamp;
use dray_schedule::Zone;
use jiff::tz::TimeZone;

/// The time zone that the computer is in now.
#[must_use]
pub fn zone() -> Zone {
    TimeZone::system().into()
}

/// The time now, by the computer's clock, which may be wrong.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one clock that the others take the time from")]
pub fn now() -> Timestamp {
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
        Err(before) => Timestamp::from_micros(-i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX)),
    }
}
