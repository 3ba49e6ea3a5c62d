//! Status messages: what a client tells the site, numbered so that none is lost or counted twice.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::package::ReleaseNumber;
use crate::program::ExitClass;
use crate::state::Standing;
use crate::unknown::{self, Unknown};
use crate::{Digest, Name, RunId, Size, Timestamp};

/// One message from a client. It gets its number once, before it is first sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusMessage {
    /// 1, 2, 3, … for each client.
    pub number: u64,
    /// When it happened, by the client's clock.
    pub at: Timestamp,
    /// What happened.
    pub event: StatusEvent,
}

/// What happened at a client. A `sentence` describes it; newer clients may report other events than these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "event", remote = "Self")]
pub enum StatusEvent {
    /// An advertised program changed its state.
    State {
        /// The advertisement.
        advertisement: Name,
        /// Its revision.
        revision: u32,
        /// The package.
        package: Name,
        /// The release that the state is about.
        release: ReleaseNumber,
        /// The program.
        program: Name,
        /// The new state.
        standing: Standing,
    },
    /// Delivery: content is in the cache and verified.
    Delivered {
        /// The package.
        package: Name,
        /// Digest of the content's tree.
        content: Digest,
        /// Bytes by source.
        sources: Vec<SourceBytes>,
        /// Bytes reused from content that the client already had.
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
        /// What the exit code means.
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
        /// Whether the `detect` condition was met.
        present: bool,
    },
    /// An event that this version doesn't know.
    #[serde(skip)]
    Other(Unknown),
}

unknown::reads_every_code!(StatusEvent, "event");

impl StatusEvent {
    /// The advertisement that it is about, where it is about one. Newer events name it like the known ones.
    #[must_use]
    pub fn advertisement(&self) -> Option<Name> {
        match self {
            Self::State { advertisement, .. }
            | Self::Executed { advertisement, .. }
            | Self::Verified { advertisement, .. } => Some(advertisement.clone()),
            Self::Delivered { .. } => None,
            Self::Other(unknown) => unknown.text("advertisement")?.parse().ok(),
        }
    }
}

/// One sentence for people, without a full stop.
impl fmt::Display for StatusEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { package, release, program, standing, .. } => {
                write!(f, "{program} of {package} {release} is now {}", standing.state)
            }
            Self::Delivered { package, sources, reused_bytes, .. } => {
                let fetched = Size(sources.iter().map(|source| source.bytes).fold(0, u64::saturating_add));
                write!(f, "the content of {package} has arrived: {fetched} downloaded, {} reused", Size(*reused_bytes))
            }
            Self::Executed { package, release, program, exit_code: Some(code), .. } => {
                write!(f, "{program} of {package} {release} ended with exit code {code}")
            }
            Self::Executed { package, release, program, exit_code: None, .. } => {
                write!(f, "{program} of {package} {release} ended without an exit code")
            }
            Self::Verified { package, program, present: true, .. } => {
                write!(f, "the detection rule of {program} of {package} matches")
            }
            Self::Verified { package, program, present: false, .. } => {
                write!(f, "the detection rule of {program} of {package} does not match")
            }
            Self::Other(unknown) => unknown.fmt(f),
        }
    }
}

/// Bytes that came from one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SourceBytes {
    /// The distribution point's name, or `site`.
    pub source: Name,
    /// Bytes of objects that were downloaded, without headers.
    pub bytes: u64,
}

/// Longest kept end of a program's output in bytes.
pub const OUTPUT_TAIL_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_a_newer_client_is_kept_and_shown_as_it_came() {
        let json = serde_json::json!({
            "number": 7, "at": "2027-01-01T00:00:00Z", "trace": "abc",
            "event": { "event": "postponed", "advertisement": "now", "by": "maria", "sentence": "Maria postponed it" },
        });
        let message: StatusMessage = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(message.event.advertisement(), "now".parse().ok());
        assert_eq!(message.event.to_string(), "Maria postponed it");
        assert_eq!(serde_json::to_value(&message).unwrap()["event"], json["event"]);
    }
}
