//! Forgets what is over: finished jobs after a week, rows of the change feed after an hour, idempotency keys after a day, expired enrolment tokens after a month; has old
//! status messages removed, updates improved to what many receive, and a part of the content store verified. Asks for itself again every
//! hour.

use std::time::Duration;

use dray_model::ObjectKind;
use serde::{Deserialize, Serialize};

use super::kind::{JobFailure, JobKind, Progress};
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

const EVERY: Duration = Duration::from_secs(60 * 60);
const JOBS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const KEYS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// A server that reads nothing for longer looks at everything.
const FEED_KEPT: Duration = Duration::from_secs(60 * 60);
const TOKENS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// One for the whole site.
const KEY: &str = "site";

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Housekeeping;

/// Nothing to know.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, PartialEq, Eq)]
pub struct Nothing {}

impl Housekeeping {
    /// Sees to it that the job is there; called when workers start.
    pub(super) async fn ensure(site: &Site) -> Result<(), SiteError> {
        let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await?;
        change.enqueue::<Self>(Some(KEY), &Nothing {}).await?;
        Ok(change.commit_unrecorded().await?)
    }
}

impl JobKind for Housekeeping {
    const KIND: &'static str = "housekeeping";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, _: &Progress) -> Result<(), JobFailure> {
        let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await?;
        let now = change.now();
        let jobs = dray_store::job::forget(&mut change, now - JOBS_KEPT).await?;
        let keys = dray_store::idempotency::forget(&mut change, now - KEYS_KEPT).await?;
        dray_store::feed::prune(&mut change, now - FEED_KEPT).await?;
        let tokens = dray_store::enrolment::forget(&mut change, now - TOKENS_KEPT).await?;
        dray_store::quarantine::forget(&mut change, now - crate::enrolment::CERTIFICATE_LIFE).await?;
        super::recount::Recount::ensure(&mut change).await?;
        crate::status::Retention::soon(&mut change).await?;
        crate::content::Improve::for_many_receivers(&mut change).await?;
        crate::content::Verify::soon(&mut change).await?;
        change.enqueue_at::<Self>(Some(KEY), &Nothing {}, now + EVERY).await?;
        change.commit_unrecorded().await?;
        crate::content::measure(site).await?;
        tracing::debug!(jobs, keys, tokens, "housekeeping done");
        Ok(())
    }
}
