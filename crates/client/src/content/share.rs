//! A request under way, whose rest another source may take over.
//!
//! What is left of a request lies here, not in the task that carries it out: that one takes range after range from the front, and when
//! nothing waits any more, a source without work takes the back half.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dray_content::plan::FetchRange;

/// Adjoining ranges of one object, as far as they are still to be fetched.
#[derive(Debug)]
pub(super) struct Request(Mutex<Rest>);

#[derive(Debug)]
struct Rest {
    ranges: VecDeque<FetchRange>,
    /// Who was last asked for them.
    source: Option<usize>,
    is_over: bool,
}

impl Request {
    pub(super) fn new(ranges: impl IntoIterator<Item = FetchRange>) -> Self {
        Self(Mutex::new(Rest { ranges: ranges.into_iter().collect(), source: None, is_over: false }))
    }

    /// The first range, and where the last one ends.
    pub(super) fn extent(&self) -> Option<(FetchRange, u64)> {
        let rest = self.rest();
        Some((*rest.ranges.front()?, rest.ranges.back()?.end()))
    }

    /// Takes the next range, and tells where the last one ends as things stand.
    pub(super) fn take(&self) -> Option<(FetchRange, u64)> {
        let mut rest = self.rest();
        let end = rest.ranges.back().map(FetchRange::end);
        let next = rest.ranges.pop_front();
        rest.is_over = next.is_none();
        Some((next?, end?))
    }

    /// Notes who is asked.
    pub(super) fn asks(&self, source: Option<usize>) {
        self.rest().source = source;
    }

    pub(super) fn is_over(&self) -> bool {
        self.rest().is_over
    }

    /// Bytes that nobody has begun to fetch, and who would be asked for them; `None` before it is known who that is.
    pub(super) fn left(&self) -> Option<(u64, usize)> {
        let rest = self.rest();
        Some((rest.ranges.iter().map(|range| range.length).sum(), rest.source?))
    }

    /// Takes the back half of the ranges away, one of two, two of three.
    pub(super) fn split(&self) -> Self {
        let mut rest = self.rest();
        let half = rest.ranges.len() / 2;
        Self::new(rest.ranges.split_off(half))
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Digest;

    fn range(offset: u64) -> FetchRange {
        FetchRange { pack: Digest::of(b"pack"), offset, length: 10 }
    }

    #[test]
    fn what_was_given_away_is_not_fetched_twice() {
        let request = Request::new([0, 10, 20, 30].map(range));
        assert_eq!(request.left(), None, "nobody is asked yet");
        request.asks(Some(3));
        assert_eq!(request.take(), Some((range(0), 40)));
        assert_eq!(request.left(), Some((30, 3)));
        let given = request.split();
        assert_eq!(request.take(), Some((range(10), 20)));
        assert_eq!((request.take(), request.is_over()), (None, true));
        assert_eq!(given.extent(), Some((range(20), 40)));
        assert_eq!((given.take(), given.take(), given.take()), (Some((range(20), 40)), Some((range(30), 40)), None));
    }
}
