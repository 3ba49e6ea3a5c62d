//! Jobs: side work of the site server, and how far it is.

use serde::{Deserialize, Serialize};

use crate::excerpt::quoted;
use crate::{JobId, Timestamp};

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JobState {
    /// Waits for its time and a worker.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Finished.
    Done,
    /// Given up after its last attempt.
    Failed,
    /// Taken back before it ran, or folded into another job with the same key.
    Cancelled,
}

impl JobState {
    /// The word used in the API and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen to the job.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A text that is no [`JobState`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a job state; use queued, running, done, failed or cancelled", quoted(.0))]
pub struct InvalidJobState(String);

impl std::str::FromStr for JobState {
    type Err = InvalidJobState;

    fn from_str(text: &str) -> Result<Self, InvalidJobState> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| InvalidJobState(text.to_owned()))
    }
}

/// Progress of a running job. `done` and `total` count the same unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobProgress {
    /// What it is doing, for example `compressing`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// Units done.
    pub done: u64,
    /// Units in total, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The kind of work.
    pub kind: String,
    /// What it works on; at most one job of each kind waits for each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its state.
    pub state: JobState,
    /// Number of attempts started.
    pub attempts: u32,
    /// Earliest start of the next attempt.
    pub run_at: Timestamp,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Its progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<JobProgress>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
