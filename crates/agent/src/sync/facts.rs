//! Sends the site the device's facts when they are others than it has. They are those that the agent decides with: the engine
//! takes them, at the start, at each inventory, after each run and when a decision needs fresh ones.

use std::sync::Arc;
use std::time::Duration;

use dray_model::facts::Facts;
use dray_model::{Digest, Name, Timestamp, requirement};
use tokio::sync::watch;

use super::{Backoff, Link};
use crate::clock;
use crate::engine::Memory;
use crate::state::FactsTold;

/// The site gets the same facts again after this: it may know properties by then that it ignored before, or have lost some.
const AGAIN_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// Keeps sending, always the newest.
pub(crate) async fn tell_facts(link: Arc<Link>, memory: Arc<Memory>, mut newest: watch::Receiver<Option<Arc<Facts>>>) {
    let mut backoff = Backoff::default();
    loop {
        let facts = newest.borrow_and_update().clone();
        let features = requirement::features();
        let news = facts.and_then(|facts| Some((digest_of_news(&memory, &facts, &features)?, facts)));
        if let Some((digest, facts)) = news {
            if let Err(error) = link.site().put_facts(&facts, &features).await {
                link.failed(&error);
                backoff.wait(Some(&error)).await;
                continue;
            }
            link.heard();
            backoff.reset();
            remember(&memory, digest);
        }
        if newest.changed().await.is_err() {
            return;
        }
    }
}

/// The digest of facts and features that the site doesn't have, as far as is known here.
fn digest_of_news(memory: &Memory, facts: &Facts, features: &[Name]) -> Option<Digest> {
    let digest = Digest::of(&serde_json::to_vec(&(facts, features)).expect("facts have a JSON form"));
    let told = memory.with(|store| store.facts_told()).ok().flatten();
    told.is_none_or(|told| told.digest != digest || is_over(told.at, clock::now())).then_some(digest)
}

/// Whether the time of what was told at an instant is over; an instant to come says that the clock was wrong.
fn is_over(told_at: Timestamp, now: Timestamp) -> bool {
    !(told_at..told_at + AGAIN_AFTER).contains(&now)
}

fn remember(memory: &Memory, digest: Digest) {
    let told = FactsTold { digest, at: clock::now() };
    if let Err(error) = memory.with(|store| store.set_facts_told(&told)) {
        tracing::warn!(error = %dray_model::cause::in_full(&error), "cannot save that facts were sent; they will be sent again after a restart");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_facts_are_sent_again_after_a_week_or_a_wrong_clock() {
        let told_at = Timestamp::from_secs(1000);
        assert!(!is_over(told_at, told_at) && !is_over(told_at, told_at + AGAIN_AFTER / 2));
        assert!(is_over(told_at, told_at + AGAIN_AFTER) && is_over(told_at, Timestamp::from_secs(999)));
    }
}
