//! The job that removes old status messages. Where devices are stays known: states are not messages.

use dray_store::{StoreError, status};

use crate::change::Change;
use crate::job::{JobFailure, JobKind, Nothing, Progress};
use crate::site::Site;

/// Messages removed in one transaction: a fraction of a second.
const BATCH: u32 = 10_000;
/// One for the whole site.
const KEY: &str = "site";

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Retention;

impl Retention {
    /// Asks for a look-through as soon as the change is committed.
    pub(crate) async fn soon(change: &mut Change<'_>) -> Result<(), StoreError> {
        change.enqueue::<Self>(Some(KEY), &Nothing {}).await.map(drop)
    }
}

impl JobKind for Retention {
    const KIND: &'static str = "status-retention";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, progress: &Progress) -> Result<(), JobFailure> {
        let limit = site.now() - site.config().keep_status();
        let mut removed = 0;
        loop {
            let mut tx = site.db().write_beside_others().await?;
            let batch = status::remove_before(&mut tx, limit, BATCH).await?;
            tx.commit().await?;
            removed += batch;
            progress.tell("deleting old status messages", removed, None);
            if batch < u64::from(BATCH) {
                break;
            }
        }
        tracing::debug!(removed, "deleted old status messages");
        Ok(())
    }
}
