//! Contents in the cache and on their way, each fetch with its problem and its next try.
//!
//! Content that neither the policy nor a run names any more is kept for the retention time, then removed. The cache's folder has
//! the last word: what [`Contents::observe`] does not find is not held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dray_model::state::{ClientState, Reason};
use dray_model::{DeviceId, Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{ContentFailure, ContentFailureKind};
use crate::limits::sentence;
use crate::pause::{Pause, backoff};
use crate::progress::{Flow, Progress};

/// Somebody has to make room first, so there is no hurry.
const DISK_FULL_PAUSE: Duration = Duration::from_secs(10 * 60);

/// Another agent or another release changes it, and asking again costs nothing.
const UNSUPPORTED_PAUSE: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contents {
    held: BTreeMap<Digest, Held>,
    fetches: BTreeMap<Digest, Fetch>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// How often it was found damaged here; so that a cache that spoils everything isn't filled without end.
    losses: u32,
    /// Runs since nothing names it.
    unnamed: Option<Pause>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Fetch {
    failures: u32,
    losses: u32,
    problem: Option<Reason>,
    pause: Option<Pause>,
    /// Kept under its name of before bytes were known.
    #[serde(rename = "flowing")]
    flow: Flow,
}

impl Fetch {
    fn failed(&mut self, problem: Reason, wait: Duration, now: Timestamp) {
        self.problem = Some(problem);
        self.pause = Some(Pause::new(now, wait));
        self.flow = Flow(None);
    }

    fn paused(&self, now: Timestamp) -> Option<Timestamp> {
        self.pause.filter(|pause| !pause.is_over(now)).map(Pause::until)
    }
}

impl Contents {
    /// Whether content is in the cache.
    pub(crate) fn holds(&self, content: &Digest) -> bool {
        self.held.contains_key(content)
    }

    /// Whether a fetch of it is under way or waits for its next try.
    pub(crate) fn is_fetched(&self, content: &Digest) -> bool {
        self.fetches.contains_key(content)
    }

    /// Whether it may be fetched now; otherwise when.
    pub(crate) fn paused_until(&self, content: &Digest, now: Timestamp) -> Option<Timestamp> {
        self.fetches.get(content)?.paused(now)
    }

    /// Where the delivery of content that is not held stands.
    pub(crate) fn standing(&self, content: &Digest, now: Timestamp) -> (ClientState, Reason, Option<Timestamp>) {
        match self.fetches.get(content) {
            Some(Fetch { flow: Flow(Some(progress)), .. }) => (ClientState::Downloading, progress.reason(), None),
            Some(fetch @ Fetch { problem: Some(problem), .. }) => {
                (ClientState::Waiting, problem.clone(), fetch.paused(now))
            }
            _ => (ClientState::Locating, Reason::AskingForSources, None),
        }
    }

    /// How far the fetch of content is, where that is known.
    pub(crate) fn progress(&self, content: &Digest) -> Option<Progress> {
        self.fetches.get(content)?.flow.0.filter(|progress| progress.total_bytes > 0)
    }

    /// Compares with what lies in the cache. Content whose fetch is open stays open: the shell says at once that it is there.
    pub(crate) fn observe(&mut self, found: &BTreeSet<Digest>) {
        self.held.retain(|content, _| found.contains(content));
        for content in found.iter().filter(|content| !self.fetches.contains_key(content)) {
            self.held.entry(*content).or_default();
        }
    }

    /// Opens fetches for what is wanted and not held, and gives the others up.
    pub(crate) fn want(&mut self, wanted: &BTreeSet<Digest>) {
        self.fetches.retain(|content, _| wanted.contains(content));
        for content in wanted.iter().filter(|content| !self.held.contains_key(content)) {
            self.fetches.entry(*content).or_default();
        }
    }

    /// Bytes are coming in.
    pub(crate) fn progressed(&mut self, content: &Digest, progress: Progress) {
        if let Some(fetch) = self.fetches.get_mut(content) {
            fetch.problem = None;
            fetch.flow = Flow(Some(progress));
        }
    }

    /// Content is here. False when it was before, so that its delivery isn't told twice.
    pub(crate) fn ready(&mut self, content: Digest) -> bool {
        let losses = self.fetches.remove(&content).map_or(0, |fetch| fetch.losses);
        let is_new = !self.held.contains_key(&content);
        self.held.entry(content).or_insert(Held { losses, unnamed: None });
        is_new
    }

    /// A fetch came to nothing.
    pub(crate) fn failed(&mut self, content: &Digest, failure: ContentFailure, device: DeviceId, now: Timestamp) {
        let Some(fetch) = self.fetches.get_mut(content) else { return };
        fetch.failures = fetch.failures.saturating_add(1);
        let error = sentence(failure.error);
        let mut wait = backoff(fetch.failures, &[&device.number().to_le_bytes(), content.as_bytes()]);
        let problem = match failure.kind {
            ContentFailureKind::SiteUnreachable => Reason::SiteUnreachable { error },
            ContentFailureKind::NoSource => Reason::NoSource,
            ContentFailureKind::SourcesFailed => Reason::SourcesFailed { error },
            ContentFailureKind::Damaged => Reason::ContentDamaged { error },
            ContentFailureKind::DiskFull { needed_bytes, free_bytes } => {
                wait = DISK_FULL_PAUSE;
                Reason::DiskFull { needed_bytes, free_bytes }
            }
            ContentFailureKind::Unsupported { requires } => {
                wait = UNSUPPORTED_PAUSE;
                Reason::ContentUnsupported { requires: requires.into_iter().map(sentence).collect() }
            }
        };
        fetch.failed(problem, wait, now);
    }

    /// Content that was held is gone or damaged; it is fetched again after a wait that grows with every loss.
    pub(crate) fn lost(&mut self, content: &Digest, error: String, device: DeviceId, now: Timestamp) {
        let Some(held) = self.held.remove(content) else { return };
        let losses = held.losses.saturating_add(1);
        let wait = backoff(losses, &[&device.number().to_le_bytes(), content.as_bytes()]);
        let mut fetch = Fetch { losses, ..Fetch::default() };
        fetch.failed(Reason::ContentDamaged { error: sentence(error) }, wait, now);
        self.fetches.insert(*content, fetch);
    }

    /// Ends the wait of a fetch: somebody sits before the computer.
    pub(crate) fn hurry(&mut self, content: &Digest) {
        if let Some(fetch) = self.fetches.get_mut(content) {
            fetch.pause = None;
        }
    }

    /// Starts and ends retention times; gives what is to be removed now.
    pub(crate) fn retire(&mut self, named: &BTreeSet<Digest>, retention_s: u32, now: Timestamp) -> Vec<Digest> {
        for (content, held) in &mut self.held {
            if named.contains(content) {
                held.unnamed = None;
            } else {
                held.unnamed.get_or_insert(Pause::new(now, Duration::from_secs(retention_s.into())));
            }
        }
        let over = |held: &Held| held.unnamed.is_some_and(|pause| pause.is_over(now));
        let gone: Vec<Digest> = self.held.iter().filter(|(_, held)| over(held)).map(|(content, _)| *content).collect();
        self.held.retain(|content, _| !gone.contains(content));
        gone
    }

    /// The next instant at which a fetch is tried again or content is removed.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let fetches = self.fetches.values().filter_map(|fetch| fetch.paused(now));
        let retention = self.held.values().filter_map(|held| held.unnamed.map(Pause::until));
        fetches.chain(retention).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn device() -> DeviceId {
        DeviceId::from_random(1)
    }

    fn wanted() -> (Contents, Digest) {
        let (mut contents, digest) = (Contents::default(), Digest::of(b"content"));
        contents.want(&BTreeSet::from([digest]));
        (contents, digest)
    }

    fn failure(kind: ContentFailureKind) -> ContentFailure {
        ContentFailure { kind, error: "no route".into() }
    }

    #[test]
    fn failures_wait_longer_each_time_and_say_why() {
        let (mut contents, digest) = wanted();
        let mut last = Duration::ZERO;
        for tries in 1..8 {
            contents.failed(&digest, failure(ContentFailureKind::SiteUnreachable), device(), at(0));
            let wait = contents.paused_until(&digest, at(0)).unwrap().since(at(0));
            assert!(wait > last, "try {tries}");
            last = wait;
        }
        let (state, reason, next) = contents.standing(&digest, at(0));
        assert_eq!((state, reason.code()), (ClientState::Waiting, "site_unreachable"));
        assert_eq!(next, Some(at(0) + last));
    }

    #[test]
    fn a_full_disk_is_looked_at_again_every_ten_minutes() {
        let (mut contents, digest) = wanted();
        let kind = ContentFailureKind::DiskFull { needed_bytes: 9, free_bytes: 1 };
        for now in [at(0), at(600), at(1200)] {
            contents.failed(&digest, failure(kind.clone()), device(), now);
            assert_eq!(contents.paused_until(&digest, now), Some(now + Duration::from_secs(600)));
        }
        assert_eq!(contents.standing(&digest, at(1200)).1, Reason::DiskFull { needed_bytes: 9, free_bytes: 1 });
    }

    #[test]
    fn a_problem_stands_until_bytes_flow() {
        let (mut contents, digest) = wanted();
        contents.failed(&digest, failure(ContentFailureKind::NoSource), device(), at(0));
        assert_eq!(contents.standing(&digest, at(100)), (ClientState::Waiting, Reason::NoSource, None), "tried again");
        contents.progressed(&digest, Progress { done_bytes: 3, total_bytes: 9 });
        let downloading = (ClientState::Downloading, Reason::Fetching { done_bytes: 3, total_bytes: 9 }, None);
        assert_eq!(contents.standing(&digest, at(101)), downloading);
    }

    #[test]
    fn a_delivery_counts_once() {
        let (mut contents, digest) = wanted();
        assert!(contents.ready(digest));
        assert!(!contents.ready(digest));
        assert!(contents.holds(&digest) && !contents.is_fetched(&digest));
    }

    #[test]
    fn a_cache_that_spoils_everything_is_not_filled_without_end() {
        let (mut contents, digest) = wanted();
        let mut waits = Vec::new();
        for _ in 0..4 {
            contents.ready(digest);
            contents.lost(&digest, "bit rot".into(), device(), at(0));
            waits.push(contents.paused_until(&digest, at(0)).unwrap());
        }
        assert!(waits.is_sorted() && waits[0] < waits[3]);
    }

    #[test]
    fn content_that_nothing_names_goes_after_its_retention() {
        let (mut contents, digest) = wanted();
        contents.ready(digest);
        assert_eq!(contents.retire(&BTreeSet::from([digest]), 60, at(0)), []);
        assert_eq!(contents.retire(&BTreeSet::new(), 60, at(100)), []);
        assert_eq!(contents.next(at(100)), Some(at(160)));
        assert_eq!(contents.retire(&BTreeSet::from([digest]), 60, at(159)), [], "named again");
        assert_eq!(contents.retire(&BTreeSet::new(), 60, at(200)), []);
        assert_eq!(contents.retire(&BTreeSet::new(), 60, at(260)), [digest]);
        assert!(!contents.holds(&digest));
    }

    #[test]
    fn the_folder_has_the_last_word_and_an_open_fetch_stays_open() {
        let (mut contents, open) = wanted();
        let [kept, gone, stray] = [b"1", b"2", b"3"].map(|bytes| Digest::of(bytes));
        contents.ready(kept);
        contents.ready(gone);
        contents.observe(&BTreeSet::from([open, kept, stray]));
        assert!(contents.holds(&kept) && contents.holds(&stray) && !contents.holds(&gone));
        assert!(contents.is_fetched(&open) && !contents.holds(&open), "its delivery is still to be told");
    }
}
