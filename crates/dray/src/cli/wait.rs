//! Waiting for a job: its progress on the terminal, and each attempt that failed as soon as it is known.

use dray_model::JobId;
use dray_model::api::job::{Job, JobState};

use super::Context;
use crate::error::Outcome;
use crate::output::time;

/// Waits until the job is done; one that failed for good or was cancelled is the command's failure.
pub(crate) async fn wait_for_job(context: &Context, id: JobId, what: &str) -> Outcome<Job> {
    let progress = context.output.progress(what);
    let mut told = None;
    let show = |job: &Job| {
        if let Some(state) = &job.progress {
            progress.bytes(&state.step, state.done, state.total);
        }
        let setback = setback(job);
        if let Some(setback) = setback.filter(|setback| told.as_ref() != Some(&setback.attempt)) {
            progress.say(&format!("{what}: {}", setback.sentence));
            told = Some(setback.attempt);
        }
    };
    Ok(context.api.wait_for_job(&id, show).await?)
}

/// An attempt that failed, of a job that goes on.
#[derive(Debug, PartialEq, Eq)]
struct Setback {
    attempt: u32,
    sentence: String,
}

/// The attempt that failed last. A job that runs again still tells why it does.
fn setback(job: &Job) -> Option<Setback> {
    let error = job.error.as_ref()?;
    let (attempt, next) = match job.state {
        JobState::Queued => (job.attempts, format!("next try {}", time(job.run_at))),
        JobState::Running => (job.attempts.saturating_sub(1), "trying again".to_owned()),
        JobState::Done | JobState::Failed | JobState::Cancelled => return None,
    };
    Some(Setback { attempt, sentence: format!("attempt {attempt} failed: {error}; {next}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(state: JobState, attempts: u32, error: Option<&str>) -> Job {
        Job {
            id: "j-0000000000001".parse().unwrap(),
            kind: "publish".to_owned(),
            key: None,
            state,
            attempts,
            run_at: "2026-11-22T17:05:00Z".parse().unwrap(),
            created_at: "2026-11-22T17:00:00Z".parse().unwrap(),
            finished_at: None,
            progress: None,
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_failed_attempt_is_the_same_one_before_and_after_the_next_begins() {
        let waits = setback(&job(JobState::Queued, 2, Some("the disk is full"))).unwrap();
        let runs = setback(&job(JobState::Running, 3, Some("the disk is full"))).unwrap();
        assert_eq!((waits.attempt, runs.attempt), (2, 2));
        assert!(waits.sentence.starts_with("attempt 2 failed: the disk is full; next try 2026-11-2"), "{waits:?}");
        assert_eq!(runs.sentence, "attempt 2 failed: the disk is full; trying again");
    }

    #[test]
    fn an_end_is_no_setback_and_neither_is_a_first_attempt() {
        assert_eq!(setback(&job(JobState::Failed, 12, Some("the disk is full"))), None);
        assert_eq!(setback(&job(JobState::Running, 1, None)), None);
    }
}
