//! Runs: the intent to start a program, and how it ended.
//!
//! The intent is persisted before the program is started, and its id is never used for another start. So whatever is lost afterwards,
//! the run's folder tells under that id what became of it.

use dray_model::package::ReleaseNumber;
use dray_model::program::{ExitClass, Program};
use dray_model::state::Reason;
use dray_model::{Digest, Name, RunId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::limits::sentence;

/// All that is needed to start a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Names the run and its folder.
    pub run: RunId,
    /// The advertisement that asks for it.
    pub advertisement: Name,
    /// The package.
    pub package: Name,
    /// Its release.
    pub release: ReleaseNumber,
    /// The program as it was when the run was decided on; a newer release changes nothing about it.
    pub program: Program,
    /// The content; none for a package without source files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// How.
    pub outcome: Outcome,
    /// When the program was started, by the client's clock.
    pub started_at: Timestamp,
    /// How long it ran, in milliseconds.
    pub duration_ms: u64,
    /// The end of what it printed; at most [`dray_model::status::OUTPUT_TAIL_MAX`] bytes of it are sent.
    #[serde(default)]
    pub output_tail: String,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With an exit code.
    Exit(i64),
    /// By a signal.
    Signal(i32),
    /// It was stopped for running over its time limit.
    TimeLimit,
    /// It could not be started; what happened, in one sentence.
    NotStartable(String),
    /// The computer restarted while it ran.
    Interrupted,
    /// The runner was ended, so the result is not known.
    Lost,
}

impl Outcome {
    pub(crate) fn exit_code(&self) -> Option<i64> {
        match self {
            Self::Exit(code) => Some(*code),
            _ => None,
        }
    }

    /// Whether nobody knows how the program itself ended.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Interrupted | Self::Lost)
    }
}

/// The run that is decided on or under way; there is at most one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) spec: RunSpec,
    pub(crate) intended_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    /// After a restart it was found not started, and by now it may not start.
    pub(crate) void: bool,
}

impl Run {
    /// What an end means by the program's own table.
    pub(crate) fn class(&self, outcome: &Outcome) -> ExitClass {
        outcome.exit_code().map_or(ExitClass::Failure, |code| self.spec.program.exit_codes.class(code))
    }

    pub(crate) fn reason(&self, outcome: &Outcome) -> Reason {
        match outcome {
            Outcome::Exit(exit_code) => Reason::ExitCode { exit_code: *exit_code },
            Outcome::Signal(signal) => Reason::Signal { signal: *signal },
            Outcome::TimeLimit => Reason::TimeLimit { limit_s: self.spec.program.max_run_time.seconds() },
            Outcome::NotStartable(error) => Reason::NotStartable { error: sentence(error.clone()) },
            Outcome::Interrupted => Reason::Interrupted,
            Outcome::Lost => Reason::RunnerLost,
        }
    }

    /// The result of a run that left none.
    pub(crate) fn without_result(&self, outcome: Outcome) -> RunResult {
        let started_at = self.started_at.unwrap_or(self.intended_at);
        RunResult { outcome, started_at, duration_ms: 0, output_tail: String::new() }
    }
}
