//! Jobs: side work of the site, run by workers in every server process, each job by one worker at a time.
//!
//! A job is asked for with [`Change::enqueue`](crate::Change::enqueue) and may run more than once: after a crash, or when its lease is
//! lost. Its work must therefore be idempotent. To add a kind: implement [`JobKind`] in the resource's folder and add one line to
//! [`registry`].

mod cancel;
mod housekeeping;
mod kind;
mod list;
mod recount;
mod runner;

use dray_model::JobId;

pub use cancel::cancel;
pub use housekeeping::{Housekeeping, Nothing};
pub use kind::{JobFailure, JobKind, Progress, Registry};
pub use list::{find, list};
pub use runner::Runner;

use crate::error::{Failure, SiteError, codes, from_store_error, listed};

/// Every kind of job that workers can do; one line each.
#[must_use]
pub fn registry() -> Registry {
    Registry::default() //
        .with(Housekeeping)
        .with(crate::content::Improve)
        .with(crate::content::Sweep)
        .with(crate::content::Verify)
        .with(crate::package::Publish)
        .with(recount::Recount)
        .with(crate::status::Retention)
}

/// Why an operation on jobs failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Nothing with this id.
    #[error("there is no job {0}; finished jobs are forgotten after a week")]
    NotFound(JobId),
    /// It runs or is over.
    #[error("cannot cancel the job {0}: it isn't waiting")]
    NotWaiting(JobId),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(JobError);

impl Failure for JobError {
    codes! {
        via Site(SiteError);
        Self::NotFound(_) => Absent "not_found",
        Self::NotWaiting(_) => Conflict "not_waiting",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            Self::NotFound(_) => Some(listed("job")),
            Self::NotWaiting(_) => None,
        }
    }
}
