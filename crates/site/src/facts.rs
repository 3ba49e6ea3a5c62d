//! What devices report, and what follows from it.

mod put;

use dray_model::DeviceId;

pub use put::put;
pub(crate) use put::{KeptOf, Reported};

use crate::error::{Failure, SiteError, codes, from_store_error};

/// Why facts were not taken.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// More rows of a class than a device may report.
    #[error("too many rows of {what} for one device: {found}, the limit is {max}")]
    TooMany {
        /// Of which class.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// The device was shut out meanwhile.
    #[error("the device {0} is not allowed to use this site")]
    NotEnrolled(DeviceId),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(FactsError);

impl Failure for FactsError {
    codes! {
        via Site(SiteError);
        Self::TooMany { .. } => TooLarge "too_many",
        Self::NotEnrolled(_) => Denied "shut_out",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            Self::TooMany { .. } | Self::NotEnrolled(_) => None,
        }
    }
}
