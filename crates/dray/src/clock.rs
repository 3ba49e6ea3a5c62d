//! The program's one clock: everything that needs the time gets it from here, so that nothing else asks the system.

use std::time::{SystemTime, UNIX_EPOCH};

use dray_model::Timestamp;
use dray_schedule::Zone;
use jiff::tz::TimeZone;

/// The time zone of this computer.
pub(crate) fn zone() -> Zone {
    TimeZone::system().into()
}

/// The present instant. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the program's one clock")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
