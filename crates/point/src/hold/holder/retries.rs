//! What failed, and when it is tried again.

use std::collections::HashMap;
use std::time::Duration;

use dray_content::ObjectName;
use dray_model::Timestamp;
use tokio::time::Instant;

use super::super::reconcile::Reconciliation;
use super::super::standings::Failure;

/// Failures in a row after which the longest pause is due at once.
const HOPELESS: u32 = 32;

#[derive(Debug, Default)]
pub(super) struct Retries(HashMap<ObjectName, Retry>);

#[derive(Debug)]
struct Retry {
    failures: u32,
    at: Instant,
    failure: Failure,
}

impl Retries {
    /// Notes a failure and gives the pause until the next try. A try that brought something counts as the first.
    pub(super) fn failed(
        &mut self,
        object: ObjectName,
        reason: String,
        brought_something: bool,
        now: Instant,
        clock: Timestamp,
    ) -> Duration {
        let before = self.0.get(&object).filter(|_| !brought_something).map_or(0, |retry| retry.failures);
        self.set(object, before.saturating_add(1), reason, now, clock)
    }

    /// Notes a failure that another try won't mend soon.
    pub(super) fn gave_up(&mut self, object: ObjectName, reason: String, now: Instant, clock: Timestamp) {
        self.set(object, HOPELESS, reason, now, clock);
    }

    fn set(&mut self, object: ObjectName, failures: u32, reason: String, now: Instant, clock: Timestamp) -> Duration {
        let pause = super::super::pause(failures);
        let failure = Failure { reason, next_try: clock + pause };
        self.0.insert(object, Retry { failures, at: now + pause, failure });
        pause
    }

    pub(super) fn succeeded(&mut self, object: &ObjectName) {
        self.0.remove(object);
    }

    pub(super) fn is_waiting(&self, object: &ObjectName, now: Instant) -> bool {
        self.0.get(object).is_some_and(|retry| retry.at > now)
    }

    /// The earliest try that is still to come.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        self.0.values().map(|retry| retry.at).filter(|at| *at > now).min()
    }

    /// Forgets what nothing needs any more.
    pub(super) fn keep_only(&mut self, todo: &Reconciliation) {
        self.0.retain(|object, _| todo.contents.values().any(|wanted| wanted.asks_for(object)));
    }

    pub(super) fn failures(&self) -> HashMap<ObjectName, Failure> {
        self.0.iter().map(|(object, retry)| (*object, retry.failure.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Digest;

    #[test]
    fn pauses_grow_until_a_try_brings_something() {
        let (mut retries, now) = (Retries::default(), Instant::now());
        let object = ObjectName::Pack(Digest::of(b"p"));
        let mut fail =
            |brought| retries.failed(object, "why".to_owned(), brought, now, Timestamp::from_secs(0)).as_secs();
        for (brought, longest) in [(false, 5), (false, 10), (false, 20), (true, 5), (false, 10)] {
            let secs = fail(brought);
            assert!(secs * 2 + 1 >= longest && secs <= longest, "{secs} of {longest}");
        }
        assert!(retries.is_waiting(&object, now) && !retries.is_waiting(&object, now + Duration::from_secs(10)));
    }
}
