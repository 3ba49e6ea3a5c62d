//! Whether a status message can be kept: that it can be read, and that it keeps to the limits that its types don't hold.

use dray_model::status::{OUTPUT_TAIL_MAX, StatusEvent, StatusMessage};
use serde_json::value::RawValue;

/// Most sources of one delivery: more than a site's points.
const SOURCES_MAX: usize = 1000;
/// Longest text of a reason, in bytes.
const REASON_MAX: usize = 16 * 1024;
/// Longest message of a kind that isn't known here, in bytes.
const UNKNOWN_MAX: usize = 128 * 1024;

/// Why a message isn't kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It isn't a status message.
    #[error("it cannot be read as a status message: {0}")]
    Unreadable(String),
    /// A number that a client can't have reached.
    #[error("{0} is not the number of a status message: numbers start from 1")]
    Number(u64),
    /// A longer output than is kept.
    #[error("its output has {0} bytes, the limit is {OUTPUT_TAIL_MAX}")]
    Output(usize),
    /// More sources than content comes from.
    #[error("it has {0} sources, the limit is {SOURCES_MAX}")]
    Sources(usize),
    /// A longer reason than is kept.
    #[error("its reason has {0} bytes, the limit is {REASON_MAX}")]
    Reason(usize),
    /// Of a kind that isn't known here, and longer than such ones may be.
    #[error("it has {0} bytes, and the limit for kinds that this site does not know is {UNKNOWN_MAX}")]
    Unknown(usize),
}

impl MessageError {
    /// A stable word for programs.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Number(_) => "invalid_number",
            Self::Output(_) => "output_too_long",
            Self::Sources(_) => "too_many_sources",
            Self::Reason(_) => "reason_too_long",
            Self::Unknown(_) => "message_too_long",
        }
    }
}

/// Reads one message of a batch.
pub(super) fn read(raw: &RawValue) -> Result<StatusMessage, MessageError> {
    let message: StatusMessage =
        serde_json::from_str(raw.get()).map_err(|error| MessageError::Unreadable(error.to_string()))?;
    match &message.event {
        StatusEvent::Other(_) if raw.get().len() > UNKNOWN_MAX => Err(MessageError::Unknown(raw.get().len())),
        _ => Ok(message),
    }
}

/// Whether the message keeps to the limits.
pub(super) fn check(message: &StatusMessage) -> Result<(), MessageError> {
    if message.number == 0 || i64::try_from(message.number).is_err() {
        return Err(MessageError::Number(message.number));
    }
    match &message.event {
        StatusEvent::Executed { output_tail, .. } if output_tail.len() > OUTPUT_TAIL_MAX => {
            Err(MessageError::Output(output_tail.len()))
        }
        StatusEvent::Delivered { sources, .. } if sources.len() > SOURCES_MAX => {
            Err(MessageError::Sources(sources.len()))
        }
        StatusEvent::State { standing, .. } => {
            let bytes = standing.reason.as_ref().map_or(0, |reason| reason.to_string().len());
            if bytes > REASON_MAX { Err(MessageError::Reason(bytes)) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
