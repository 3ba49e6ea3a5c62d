//! How far downloads are, and when that is news for the site.

use std::time::Duration;

use dray_model::Timestamp;
use dray_model::state::Reason;
use serde::{Deserialize, Serialize};

use crate::pause::Pause;

/// Shortest time between two messages about one download.
const APART: Duration = Duration::from_secs(60);
/// Share of a download that is no news: one part in so many.
const PARTS: u128 = 10;

/// Bytes of a download; of 0 in all it is not known how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) done_bytes: u64,
    pub(crate) total_bytes: u64,
}

impl Progress {
    /// What a reason tells.
    pub(crate) fn told_by(reason: &Reason) -> Option<Self> {
        match *reason {
            Reason::Fetching { done_bytes, total_bytes } => Some(Self { done_bytes, total_bytes }),
            _ => None,
        }
    }

    /// What it is told by.
    pub(crate) const fn reason(self) -> Reason {
        Reason::Fetching { done_bytes: self.done_bytes, total_bytes: self.total_bytes }
    }

    /// Whether who knows this is too far behind `now`. Of another total nothing is known: a new plan began with other bytes.
    fn is_outdated_by(self, now: Self) -> bool {
        let known = if self.total_bytes == now.total_bytes { self.done_bytes } else { 0 };
        let behind = now.done_bytes.min(now.total_bytes).saturating_sub(known);
        u128::from(behind) * PARTS > u128::from(now.total_bytes)
    }
}

/// How far a fetch is, once bytes have come since its last problem. Whether they have is kept over a restart; how many is not,
/// because each second there are more, and the state would be written as often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub(crate) struct Flow(pub(crate) Option<Progress>);

impl From<bool> for Flow {
    fn from(flows: bool) -> Self {
        Self(flows.then(Progress::default))
    }
}

impl From<Flow> for bool {
    fn from(flow: Flow) -> Self {
        flow.0.is_some()
    }
}

/// What was last reported to the site about a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    progress: Progress,
    pause: Pause,
}

impl Told {
    pub(crate) fn new(progress: Progress, now: Timestamp) -> Self {
        Self { progress, pause: Pause::new(now, APART) }
    }
}

/// When to report to the site about `progress`: now, later, or not at all.
///
/// A million clients may download at once, so none tells much: more than a tenth of the whole must have come since the last
/// message, which makes nine more messages of the longest download, and a minute must have passed, which makes none of a short one.
pub(crate) fn due(told: Option<&Told>, progress: Progress, now: Timestamp) -> Option<Timestamp> {
    let known = told.map_or_else(Progress::default, |told| told.progress);
    let pause = told.map(|told| told.pause).filter(|pause| !pause.is_over(now));
    known.is_outdated_by(progress).then(|| pause.map_or(now, Pause::until))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn of(done_bytes: u64, total_bytes: u64) -> Progress {
        Progress { done_bytes, total_bytes }
    }

    #[test]
    fn more_than_a_tenth_is_news_a_minute_later() {
        let told = Told::new(of(20, 100), at(0));
        assert_eq!(due(Some(&told), of(30, 100), at(600)), None);
        assert_eq!(due(Some(&told), of(31, 100), at(0)), Some(at(60)));
        assert_eq!(due(Some(&told), of(31, 100), at(59)), Some(at(60)));
        assert_eq!(due(Some(&told), of(31, 100), at(61)), Some(at(61)));
        assert_eq!(due(Some(&told), of(5, 100), at(600)), None, "less than was told");
    }

    #[test]
    fn another_total_begins_anew() {
        let told = Told::new(of(90, 100), at(0));
        assert_eq!(due(Some(&told), of(100, 1000), at(600)), None);
        assert_eq!(due(Some(&told), of(101, 1000), at(600)), Some(at(600)));
        assert_eq!(due(Some(&told), of(101, 1000), at(30)), Some(at(60)), "but no sooner");
    }

    #[test]
    fn what_is_not_known_is_no_news_and_no_number_is_too_large() {
        assert_eq!(due(None, of(7, 0), at(0)), None);
        assert_eq!(due(None, of(u64::MAX, u64::MAX), at(0)), Some(at(0)));
        assert_eq!(due(None, of(u64::MAX, 5), at(0)), Some(at(0)));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_endless_wait() {
        let told = Told::new(of(0, 100), at(0));
        assert_eq!(due(Some(&told), of(50, 100), at(-86_400)), Some(at(-86_400)));
    }
}
