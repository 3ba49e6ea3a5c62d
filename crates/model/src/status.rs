//! Status messages: what a client tells the site, numbered so that none is lost or counted twice.

use serde::{Deserialize, Serialize};

use crate::package::ReleaseNumber;
use crate::program::ExitClass;
use crate::state::Standing;
use crate::{Digest, Name, RunId, Timestamp};

/// One message of a client. The number is given once, before the message is first sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StatusMessage {
    /// 1, 2, 3, … for each client.
    pub number: u64,
    /// When it happened, by the client's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: StatusEvent,
}

/// What happened at a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "event", deny_unknown_fields)]
pub enum StatusEvent {
    /// An advertised program came into another state.
    State {
        /// The advertisement.
        advertisement: Name,
        /// Its revision.
        revision: u32,
        /// The package.
        package: Name,
        /// The release that the state speaks of.
        release: ReleaseNumber,
        /// The program.
        program: Name,
        /// The new state.
        standing: Standing,
    },
    /// Delivery: content is in the cache, verified.
    Delivered {
        /// The package.
        package: Name,
        /// Digest of the content's tree.
        content: Digest,
        /// Bytes by where they came from.
        sources: Vec<SourceBytes>,
        /// Bytes that were taken from content held before.
        reused_bytes: u64,
        /// Time from the first request to the verified tree, in milliseconds.
        duration_ms: u64,
    },
    /// Execution: a run of a program ended.
    Executed {
        /// The run.
        run: RunId,
        /// The advertisement.
        advertisement: Name,
        /// The package.
        package: Name,
        /// The release whose program ran.
        release: ReleaseNumber,
        /// The program.
        program: Name,
        /// The exit code; absent when the program was stopped, lost or could not be started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i64>,
        /// What that means.
        class: ExitClass,
        /// When the program was started.
        started_at: Timestamp,
        /// How long it ran, in milliseconds.
        duration_ms: u64,
        /// The end of what it printed, at most 64 KiB; bytes that are not UTF-8 are replaced.
        output_tail: String,
    },
    /// Verification: whether the program's effect is there.
    Verified {
        /// The advertisement.
        advertisement: Name,
        /// The package.
        package: Name,
        /// The program.
        program: Name,
        /// Whether `detect` held.
        present: bool,
    },
}

/// Bytes that came from one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SourceBytes {
    /// The distribution point's name, or `site`.
    pub source: Name,
    /// Bytes of objects that came over the wire, headers apart.
    pub bytes: u64,
}

/// Longest kept end of a program's output in bytes.
pub const OUTPUT_TAIL_MAX: usize = 64 * 1024;
