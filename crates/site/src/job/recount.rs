//! Checks the kept counters once a day: members of collections, devices of advertisements by state. A counter that was wrong is repaired
//! and reported, because then something changed rows behind the counters' back.

use std::time::Duration;

use dray_store::{StoreError, recount};

use super::housekeeping::Nothing;
use super::kind::{JobFailure, JobKind, Progress};
use crate::change::Change;
use crate::site::Site;

const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// One for the whole site.
const KEY: &str = "site";

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recount;

impl Recount {
    /// Sees to it that the next check is asked for.
    pub(super) async fn ensure(change: &mut Change<'_>) -> Result<(), StoreError> {
        if change.waiting::<Self>(KEY).await?.is_none() {
            let at = change.now() + EVERY;
            change.enqueue_at::<Self>(Some(KEY), &Nothing {}, at).await?;
        }
        Ok(())
    }
}

impl JobKind for Recount {
    const KIND: &'static str = "recount";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, progress: &Progress) -> Result<(), JobFailure> {
        let (collections, advertisements) = {
            let mut snapshot = site.db().read().await?;
            (recount::collections(&mut snapshot).await?, recount::advertisements(&mut snapshot).await?)
        };
        let total = (collections.len() + advertisements.len()) as u64;
        let mut done = 0;
        for collection in collections {
            progress.tell("counting members", done, Some(total));
            let mut tx = site.db().write().await?;
            let wrong = recount::members(&mut tx, collection).await?;
            tx.commit().await?;
            report(wrong, "the members of a collection", &collection.to_string());
            done += 1;
        }
        for advertisement in advertisements {
            progress.tell("counting devices", done, Some(total));
            let mut tx = site.db().write().await?;
            let wrong = recount::states(&mut tx, &advertisement).await?;
            tx.commit().await?;
            report(wrong, "the devices of an advertisement", advertisement.as_str());
            done += 1;
        }
        Ok(())
    }
}

fn report(was_wrong: bool, what: &str, of: &str) {
    if was_wrong {
        metrics::counter!("dray_counters_repaired_total").increment(1);
        tracing::warn!(what, of, "a counter was wrong and has been repaired");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_wrong_counter_is_found_and_repaired() {
        let test = testing::site().await;
        let site = &test.site;
        let members = async || {
            let name = "all-devices".parse().unwrap();
            let found = dray_store::collection::find(&mut site.db().read().await.unwrap(), &name).await.unwrap();
            found.unwrap().view.members
        };
        let mut tx = site.db().write().await.unwrap();
        dray_store::testing::execute(&mut tx, "UPDATE collection SET members = 5").await;
        tx.commit().await.unwrap();
        assert_eq!(members().await, 5);
        Recount.run(site, Nothing {}, &Progress::default()).await.unwrap();
        assert_eq!(members().await, 0);
    }
}
