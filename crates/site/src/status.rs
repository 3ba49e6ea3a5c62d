//! Status messages: what devices report, each kept once, and where they are by it.

mod check;
mod list;
mod receive;
mod retention;

use dray_model::DeviceId;

pub use check::MessageError;
pub use list::list;
pub(crate) use receive::StatusReport;
pub use receive::{BATCH_MAX, receive};
pub use retention::Retention;

use crate::device::DeviceError;
use crate::error::{Failure, SiteError, codes, from_store_error};

/// Why an operation on status messages failed. What is wrong with a single message is a [`MessageError`], and part of the answer.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The caller is not enrolled any more.
    #[error("the device {0} no longer exists")]
    NotEnrolled(DeviceId),
    /// The device that is asked about.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// More messages than one request may bring.
    #[error("there are {0} messages in one request, the limit is {BATCH_MAX}")]
    TooMany(usize),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(StatusError);

impl Failure for StatusError {
    codes! {
        via Device(DeviceError), Site(SiteError);
        Self::NotEnrolled(_) => Denied "not_enrolled",
        Self::TooMany(_) => TooLarge "too_many",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooMany(_) => Some("send several smaller requests".to_owned()),
            Self::Device(error) => error.hint(),
            Self::Site(error) => error.hint(),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
