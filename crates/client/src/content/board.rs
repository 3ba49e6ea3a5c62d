//! What is known of the sources in the course of one fetch: who works, who rests, who is set aside, who lacks what.
//!
//! Decisions only: the time is passed in, nothing waits here.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_content::ObjectName;
use dray_model::Name;
use tokio::time::Instant;

use super::Source;
use crate::error::{ClientError, ErrorClass};

/// How long a source rests after its first failure; doubled with each further one.
const REST_FIRST: Duration = Duration::from_millis(250);
/// Longest rest.
const REST_MAX: Duration = Duration::from_secs(8);
/// Failures in a row after which a source is set aside: some 16 s of trying, for a restart of its server.
const FAILURES_MAX: u32 = 7;

/// What one fetch knows of its sources.
#[derive(Debug)]
pub(super) struct Board {
    sources: Vec<Source>,
    states: Mutex<Vec<State>>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    /// Requests under way.
    running: u32,
    failures: u32,
    failures_in_a_row: u32,
    rests_until: Option<Instant>,
    set_aside: Option<(ErrorClass, String)>,
    last_failure: Option<String>,
    lacks: HashSet<ObjectName>,
}

/// Whom to ask for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// This source.
    Ask(usize),
    /// Nobody before then.
    Wait(Instant),
    /// Nobody any more.
    Nobody,
}

/// A request under way; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Asked {
    board: Arc<Board>,
    pub(super) source: usize,
}

impl Asked {
    pub(super) fn new(board: Arc<Board>, source: usize) -> Self {
        board.states()[source].running += 1;
        Self { board, source }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.board.states()[self.source].running -= 1;
    }
}

/// What came from where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchReport {
    /// The sources, in order of preference.
    pub sources: Vec<SourceReport>,
}

/// What one source did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// The source.
    pub name: Name,
    /// Bytes that came from it, also those that turned out to be bad.
    pub bytes: u64,
    /// Requests that failed.
    pub failures: u32,
    /// Why it is asked no more in this fetch.
    pub set_aside: Option<String>,
    /// What went wrong the last time.
    pub last_failure: Option<String>,
}

impl FetchReport {
    /// Bytes from all sources.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    /// What is wrong with each source, for an error's message.
    pub(super) fn troubles(&self) -> String {
        let mut text = String::new();
        for source in &self.sources {
            if let Some(trouble) = source.set_aside.as_ref().or(source.last_failure.as_ref()) {
                write!(text, "; {}: {trouble}", source.name).expect("a String takes everything");
            }
        }
        text
    }
}

impl Board {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let states = sources.iter().map(|_| State::default()).collect();
        Self { sources, states: Mutex::new(states) }
    }

    pub(super) fn source(&self, index: usize) -> &Source {
        &self.sources[index]
    }

    /// The source to ask for `object` now: of those that may be asked the one with the fewest requests under way, the earlier the
    /// better; the one in reserve when no other may be.
    pub(super) fn choose(&self, object: &ObjectName, now: Instant) -> Choice {
        let (mut best, mut earliest) = (None, None);
        for (index, (source, state)) in self.sources.iter().zip(self.states().iter()).enumerate() {
            if state.set_aside.is_some() || state.lacks.contains(object) {
                continue;
            }
            match state.rests_until.filter(|until| *until > now) {
                None => {
                    let rank = (source.is_in_reserve(), state.running, index);
                    best = Some(best.map_or(rank, |best| rank.min(best)));
                }
                Some(until) => earliest = Some(earliest.map_or(until, |earliest| until.min(earliest))),
            }
        }
        match (best, earliest) {
            (Some((_, _, index)), _) => Choice::Ask(index),
            (None, Some(until)) => Choice::Wait(until),
            (None, None) => Choice::Nobody,
        }
    }

    /// Bytes came.
    pub(super) fn received(&self, index: usize, bytes: u64) {
        let state = &mut self.states()[index];
        state.bytes += bytes;
        state.failures_in_a_row = 0;
        state.rests_until = None;
    }

    /// A request failed.
    pub(super) fn failed(&self, index: usize, object: &ObjectName, error: &ClientError, now: Instant) {
        let (class, text) = (error.class(), error.in_full());
        tracing::debug!(source = %self.sources[index].name, %object, error = %text, "a source failed");
        let state = &mut self.states()[index];
        state.failures += 1;
        match class {
            ErrorClass::Retryable => {
                state.failures_in_a_row += 1;
                let rest = REST_FIRST.saturating_mul(1 << (state.failures_in_a_row - 1).min(16)).min(REST_MAX);
                let asked = error.refusal().and_then(|refusal| refusal.retry_after).unwrap_or_default();
                state.rests_until = Some(now + rest.max(asked.min(REST_MAX)));
                if state.failures_in_a_row >= FAILURES_MAX {
                    state.set_aside = Some((class, text.clone()));
                }
            }
            ErrorClass::Absent => {
                state.lacks.insert(*object);
            }
            ErrorClass::Denied | ErrorClass::Damaged | ErrorClass::Permanent => {
                state.set_aside = Some((class, text.clone()));
            }
        }
        state.last_failure = Some(text);
    }

    /// What came from a source is not what it should be.
    pub(super) fn served_garbage(&self, index: usize, object: &ObjectName, what: &str) {
        let name = &self.sources[index].name;
        tracing::warn!(source = %name, %object, what, "stopped using a source because it serves damaged content");
        let state = &mut self.states()[index];
        state.failures += 1;
        let text = format!("it sent damaged bytes of {object}: {what}");
        state.set_aside = Some((ErrorClass::Damaged, text.clone()));
        state.last_failure = Some(text);
    }

    /// What it means that nobody is left for `object`.
    pub(super) fn verdict(&self, object: &ObjectName) -> ErrorClass {
        let states = self.states();
        let mut classes = states.iter().map(|state| match &state.set_aside {
            Some((class, _)) => *class,
            None if state.lacks.contains(object) => ErrorClass::Absent,
            None => ErrorClass::Retryable,
        });
        let first = classes.next().unwrap_or(ErrorClass::Absent);
        let all_the_same = classes.clone().all(|class| class == first);
        // Points come and go and sites learn: unless all agree on another reason, later may be better.
        if all_the_same { first } else { ErrorClass::Retryable }
    }

    pub(super) fn report(&self) -> FetchReport {
        let states = self.states();
        let report = |(source, state): (&Source, &State)| SourceReport {
            name: source.name.clone(),
            bytes: state.bytes,
            failures: state.failures,
            set_aside: state.set_aside.as_ref().map(|(_, text)| text.clone()),
            last_failure: state.last_failure.clone(),
        };
        FetchReport { sources: self.sources.iter().zip(states.iter()).map(report).collect() }
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        // Counters and reasons stay true whatever panicked beside them.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Refusal;
    use dray_model::Digest;

    fn board(count: usize) -> Board {
        let source = |i| Source { name: format!("p{i}").parse().unwrap(), base: "https://p/v1".parse().unwrap() };
        Board::new((0..count).map(source).collect())
    }

    fn object() -> ObjectName {
        ObjectName::Pack(Digest::of(b"pack"))
    }

    fn timeout() -> ClientError {
        ClientError::Timeout { url: "https://p".to_owned(), after: Duration::from_secs(1) }
    }

    fn refused(status: u16) -> ClientError {
        ClientError::Refused { url: "https://p".to_owned(), refusal: Box::new(Refusal::bare(status, "no", None)) }
    }

    #[test]
    fn the_best_source_is_asked_until_it_fails_and_again_after_its_rest() {
        let (board, now) = (board(2), Instant::now());
        assert_eq!(board.choose(&object(), now), Choice::Ask(0));
        board.failed(0, &object(), &timeout(), now);
        assert_eq!(board.choose(&object(), now), Choice::Ask(1));
        assert_eq!(board.choose(&object(), now + REST_FIRST), Choice::Ask(0));
    }

    #[test]
    fn requests_are_spread_over_the_points_and_the_site_is_asked_when_no_point_is_left() {
        let source = |name: &str| Source { name: name.parse().unwrap(), base: "https://p/v1".parse().unwrap() };
        let (board, now) = (Arc::new(Board::new(["site", "p1", "p2"].map(source).into())), Instant::now());
        let mut asked = Vec::new();
        for expected in [1, 2, 1, 2] {
            assert_eq!(board.choose(&object(), now), Choice::Ask(expected));
            asked.push(Asked::new(Arc::clone(&board), expected));
        }
        asked.remove(1);
        assert_eq!(board.choose(&object(), now), Choice::Ask(2));
        [1, 2].into_iter().for_each(|point| board.failed(point, &object(), &refused(404), now));
        assert_eq!(board.choose(&object(), now), Choice::Ask(0));
    }

    #[test]
    fn when_all_rest_the_shortest_rest_is_waited_for() {
        let (board, now) = (board(2), Instant::now());
        board.failed(0, &object(), &timeout(), now);
        board.failed(0, &object(), &timeout(), now);
        board.failed(1, &object(), &timeout(), now);
        assert_eq!(board.choose(&object(), now), Choice::Wait(now + REST_FIRST));
    }

    #[test]
    fn a_source_that_never_comes_back_is_set_aside() {
        let (board, now) = (board(1), Instant::now());
        for _ in 0..FAILURES_MAX {
            board.failed(0, &object(), &timeout(), now);
        }
        assert_eq!(board.choose(&object(), now + REST_MAX), Choice::Nobody);
        assert_eq!(board.verdict(&object()), ErrorClass::Retryable);
    }

    #[test]
    fn a_source_that_serves_garbage_is_asked_for_nothing_more() {
        let (board, now) = (board(2), Instant::now());
        board.served_garbage(0, &object(), "another digest");
        let other = ObjectName::Pack(Digest::of(b"other"));
        assert_eq!(board.choose(&other, now), Choice::Ask(1));
        assert!(board.report().sources[0].set_aside.is_some());
    }

    #[test]
    fn a_source_that_lacks_one_object_is_asked_for_others() {
        let (board, now) = (board(1), Instant::now());
        board.failed(0, &object(), &refused(404), now);
        assert_eq!(board.choose(&object(), now), Choice::Nobody);
        assert_eq!(board.verdict(&object()), ErrorClass::Absent);
        assert_eq!(board.choose(&ObjectName::Manifest(Digest::of(b"pack")), now), Choice::Ask(0));
    }
}
