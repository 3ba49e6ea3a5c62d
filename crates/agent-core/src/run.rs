//! Runs: the intent to start a program, and what came of it.

use dray_model::package::ReleaseNumber;
use dray_model::program::CommandLine;
use dray_model::{Digest, Name, RunId, Text, Timestamp};
use serde::{Deserialize, Serialize};

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
    /// The program.
    pub program: Name,
    /// The command line.
    pub command: CommandLine,
    /// Working folder, relative to the content folder or absolute; the content folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_in: Option<Text<1024>>,
    /// The content; none for a package without source files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// After this many seconds the program is stopped with its process tree.
    pub time_limit_s: u32,
    /// Free bytes that must be there on the cache's file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_space_bytes: Option<u64>,
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
