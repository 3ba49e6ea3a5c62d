//! `dray job`: the site's side work.

use clap::Subcommand;
use dray_model::JobId;
use dray_model::api::job::Job;

use super::Context;
use super::wait::wait_for_job;
use crate::error::Outcome;
use crate::output::{Fields, Listed, Shown, time, time_or_dash};

/// Commands on jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs, newest first
    List,
    /// Show a job
    Show {
        /// The job
        id: JobId,
    },
    /// Wait until a job has ended; exits with 1 if it failed
    Wait {
        /// The job
        id: JobId,
    },
    /// Cancel a job that has not started
    Cancel {
        /// The job
        id: JobId,
    },
}

impl JobCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::List => output.list(&api.jobs().all().await?),
            Self::Show { id } => output.show(&api.job(&id).await?),
            Self::Wait { id } => output.show(&wait_for_job(context, id, &format!("finish job {id}")).await?),
            Self::Cancel { id } => {
                api.cancel_job(&id).await?;
                output.remark(format!("cancelled job {id}"))
            }
        }
    }
}

fn subject(job: &Job) -> String {
    job.key.as_ref().map_or_else(|| job.kind.clone(), |key| format!("{} {key}", job.kind))
}

fn progress_words(job: &Job) -> String {
    match &job.progress {
        Some(progress) => match progress.total.filter(|total| *total > 0) {
            Some(total) => format!("{} {} %", progress.step, progress.done.saturating_mul(100) / total),
            None => progress.step.clone(),
        },
        None => "-".to_owned(),
    }
}

impl Listed for Job {
    const HEADINGS: &'static [&'static str] = &["id", "work", "state", "progress", "created"];
    const NONE: &'static str = "there are no jobs";

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            subject(self),
            self.state.as_str().to_owned(),
            progress_words(self),
            time(self.created_at),
        ]
    }
}

impl Shown for Job {
    fn fields(&self) -> Fields {
        vec![
            ("id", self.id.to_string()),
            ("work", subject(self)),
            ("state", self.state.as_str().to_owned()),
            ("progress", progress_words(self)),
            ("attempts", self.attempts.to_string()),
            ("created", time(self.created_at)),
            ("next attempt", if self.state.is_final() { String::new() } else { time(self.run_at) }),
            ("finished", time_or_dash(self.finished_at)),
            ("error", self.error.clone().unwrap_or_default()),
        ]
    }
}
