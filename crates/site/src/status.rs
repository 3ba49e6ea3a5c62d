//! Status messages: what devices report, each kept once, and where they are by it.

mod list;
mod receive;
mod retention;

use dray_model::DeviceId;
use dray_model::status::OUTPUT_TAIL_MAX;

pub use list::list;
pub use receive::{BATCH_MAX, receive};
pub use retention::Retention;

use crate::device::DeviceError;
use crate::error::{Class, Failure, SiteError, from_store_error};

/// Why an operation on status messages failed.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The caller is not enrolled any more.
    #[error("the device {0} is not known here any more")]
    NotEnrolled(DeviceId),
    /// The device that is asked about.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// More messages than one request may bring.
    #[error("cannot take {0} messages in one request: {BATCH_MAX} are allowed")]
    TooMany(usize),
    /// A number that a client can't have reached.
    #[error("{0} is no number of a status message: they count from 1")]
    Number(u64),
    /// A longer output than is kept.
    #[error("the output of message {number} has {bytes} bytes: {OUTPUT_TAIL_MAX} are allowed")]
    Output {
        /// The message.
        number: u64,
        /// Bytes of its output.
        bytes: usize,
    },
    /// More sources than content comes from.
    #[error("message {number} names {sources} sources: {max} are allowed", max = receive::SOURCES_MAX)]
    Sources {
        /// The message.
        number: u64,
        /// How many.
        sources: usize,
    },
    /// A longer reason than is kept.
    #[error("the reason of message {number} has {bytes} bytes: {max} are allowed", max = receive::REASON_MAX)]
    Reason {
        /// The message.
        number: u64,
        /// Bytes of its text.
        bytes: usize,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(StatusError);

impl Failure for StatusError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotEnrolled(_) => "not_enrolled",
            Self::Device(error) => error.code(),
            Self::TooMany(_) => "too_many",
            Self::Number(_) => "invalid_number",
            Self::Output { .. } => "output_too_long",
            Self::Sources { .. } => "too_many_sources",
            Self::Reason { .. } => "reason_too_long",
            Self::Site(error) => error.code(),
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::NotEnrolled(_) => Class::Denied,
            Self::Device(error) => error.class(),
            Self::TooMany(_) => Class::TooLarge,
            Self::Number(_) | Self::Output { .. } | Self::Sources { .. } | Self::Reason { .. } => Class::Invalid,
            Self::Site(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooMany(_) => Some("send several requests".to_owned()),
            Self::Device(error) => error.hint(),
            Self::Site(error) => error.hint(),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
