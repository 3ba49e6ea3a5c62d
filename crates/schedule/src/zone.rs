//! Time zones: which instant a date and time on the wall means.

use dray_model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A time zone with the rules of its database. Programs look it up; the default is UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone without an offset.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The instant of a date and time on the wall. Where clocks go forward over it, the first instant after the gap; where they go back
    /// over it, the first of the two. `None` outside the calendar.
    #[must_use]
    pub fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        let at = self.0.to_ambiguous_timestamp(wall);
        let instant = match at.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => at.earlier().ok()?,
            // `compatible` would move it by the length of the gap.
            AmbiguousOffset::Gap { .. } => self.0.following(at.earlier().ok()?).next()?.timestamp(),
        };
        Some(Timestamp::from_micros(instant.as_microsecond()))
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// POSIX rules, so that the test asks no database: Berlin, Lord Howe (half an hour), and Cairo, whose gap is at midnight.
    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
    const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
    const CAIRO: &str = "EET-2EEST,M4.5.5/0,M10.5.4/24";

    #[test]
    fn a_gap_ends_at_its_first_instant_and_an_overlap_counts_once() {
        for (rules, wall, instant) in [
            (BERLIN, "2027-01-15T12:00", "2027-01-15T11:00:00Z"),
            (BERLIN, "2027-03-28T01:59", "2027-03-28T00:59:00Z"),
            (BERLIN, "2027-03-28T02:30", "2027-03-28T01:00:00Z"),
            (BERLIN, "2027-03-28T03:00", "2027-03-28T01:00:00Z"),
            (BERLIN, "2027-10-31T02:30", "2027-10-31T00:30:00Z"),
            (BERLIN, "2027-10-31T03:00", "2027-10-31T02:00:00Z"),
            (LORD_HOWE, "2027-10-03T02:15", "2027-10-02T15:30:00Z"),
            (CAIRO, "2027-04-30T00:30", "2027-04-29T22:00:00Z"),
        ] {
            let zone = Zone::from(TimeZone::posix(rules).unwrap());
            let found = zone.instant(wall.parse().unwrap()).unwrap();
            assert_eq!(found.to_string(), instant, "{wall} {rules}");
        }
        assert_eq!(Zone::UTC.instant("2027-03-28T02:30".parse().unwrap()).unwrap().to_string(), "2027-03-28T02:30:00Z");
    }
}
