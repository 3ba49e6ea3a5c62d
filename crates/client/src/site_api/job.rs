//! Jobs, and waiting for one.

use std::time::Duration;

use dray_model::JobId;
use dray_model::api::job::{Job, JobState};

use super::{Pages, SiteApi, path};
use crate::error::{ClientError, ErrorClass};

/// First and longest pause between two looks at a job.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Looks that may fail in a row while the site restarts or the network is away.
const FAILED_LOOKS_MAX: u32 = 30;

/// Why waiting for a job brought no success.
#[derive(Debug, thiserror::Error)]
pub enum JobWaitError {
    /// The job came to a bad end.
    #[error("the {} job {} {}: {}", .0.kind, .0.id, .0.state.as_str(), .0.error.as_deref().unwrap_or("it gave no reason"))]
    Job(Box<Job>),
    /// The site could not be asked; the job may still go on.
    #[error(transparent)]
    Request(#[from] ClientError),
}

impl SiteApi {
    /// Jobs, the newest first.
    pub fn jobs(&self) -> Pages<'_, Job> {
        self.pages(path("/jobs"))
    }

    /// Jobs in one state, the newest first.
    pub fn jobs_in(&self, state: JobState) -> Pages<'_, Job> {
        self.pages(path("/jobs").query("state", state.as_str()))
    }

    /// One job.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn job(&self, id: &JobId) -> Result<Job, ClientError> {
        self.get(path(format!("/jobs/{id}"))).await
    }

    /// Takes a queued job back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn cancel_job(&self, id: &JobId) -> Result<(), ClientError> {
        self.post_quietly(path(format!("/jobs/{id}/cancel")), &()).await
    }

    /// Waits until the job is done and tells `on_look` what each look at it showed. There is no time limit; drop the future to
    /// stop waiting, the job goes on. A site that is away for a minute is waited for.
    ///
    /// # Errors
    /// [`JobWaitError`].
    pub async fn wait_for_job(&self, id: &JobId, mut on_look: impl FnMut(&Job)) -> Result<Job, JobWaitError> {
        let (mut pause, longest) = LOOK_EVERY;
        let mut failed_looks = 0;
        loop {
            match self.job(id).await {
                Ok(job) => {
                    failed_looks = 0;
                    on_look(&job);
                    match job.state {
                        JobState::Done => return Ok(job),
                        JobState::Failed | JobState::Cancelled => return Err(JobWaitError::Job(Box::new(job))),
                        JobState::Queued | JobState::Running => {}
                    }
                }
                Err(error) if error.class() == ErrorClass::Retryable && failed_looks < FAILED_LOOKS_MAX => {
                    failed_looks += 1;
                }
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(longest);
        }
    }
}
