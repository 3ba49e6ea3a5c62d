//! Waiting for a job, with its progress on the terminal.

use dray_model::JobId;
use dray_model::api::job::Job;

use super::Context;
use crate::error::Outcome;

/// Waits until the job is done; one that failed or was cancelled is the command's failure.
pub(crate) async fn wait_for_job(context: &Context, id: JobId, what: &str) -> Outcome<Job> {
    let progress = context.output.progress(what);
    let show = |job: &Job| {
        if let Some(state) = &job.progress {
            progress.bytes(&state.step, state.done, state.total);
        }
    };
    Ok(context.api.wait_for_job(&id, show).await?)
}
