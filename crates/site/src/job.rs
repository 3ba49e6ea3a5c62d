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

use dray_model::{JobId, ObjectKind};

pub use cancel::cancel;
pub use housekeeping::{Housekeeping, Nothing};
pub use kind::{JobFailure, JobKind, Progress, Registry};
pub use list::{find, list};
pub use runner::Runner;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

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

pub(crate) fn object(id: JobId) -> Object {
    Object::new(ObjectKind::Job, id)
}

/// Why an operation on jobs failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// What can happen to any object. Finished jobs are deleted after a week.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// It runs or is over.
    #[error("cannot cancel the job {0}: it is not waiting")]
    NotWaiting(JobId),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(JobError);

impl Failure for JobError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::NotWaiting(_) => Conflict "not_waiting",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            Self::Object(error) => error.hint(),
            Self::NotWaiting(_) => None,
        }
    }
}
