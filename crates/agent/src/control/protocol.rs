//! The form of requests and answers, and its limits.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest request in bytes.
pub(super) const REQUEST_BYTES_MAX: u64 = 4096;
/// Longest answer in bytes: a thousand programs with long titles.
pub(super) const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Request {
    /// Who this device is and how it stands with its site.
    Status,
    /// What is advertised to it.
    Programs,
    /// Start an optional program.
    Start {
        /// Name of the advertisement or of the program, or package/program.
        name: String,
    },
    /// Why a program is or is not installed.
    Why {
        /// Name of the program, or package/program.
        name: String,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What was asked for.
    Done(Value),
    /// It can't be done; one sentence for people.
    Refused(String),
}
