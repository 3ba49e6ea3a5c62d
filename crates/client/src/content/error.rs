//! Why a fetch came to nothing.

use dray_content::ObjectName;

use super::FetchReport;
use crate::error::{BoxError, ErrorClass};

/// Why a fetch came to nothing. What was accepted before is kept.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No source is left that could serve an object.
    #[error("cannot get {object} from any source{}", .report.troubles())]
    NoSource {
        /// The object.
        object: ObjectName,
        /// What is wrong with each source.
        report: FetchReport,
        /// What that means: retryable when one of them may work later.
        class: ErrorClass,
    },
    /// The object can't have this size.
    #[error("{object} has {bytes} bytes; it must have 1 to {limit}")]
    Size {
        /// The object.
        object: ObjectName,
        /// Its size, as announced.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// What was fetched could not be kept: the disk, not the source.
    #[error("cannot save the downloaded part of {object}")]
    Keep {
        /// The object.
        object: ObjectName,
        /// Why.
        source: BoxError,
    },
}

impl FetchError {
    /// What the error means for the caller.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::NoSource { class, .. } => *class,
            Self::Size { .. } => ErrorClass::Damaged,
            Self::Keep { .. } => ErrorClass::Permanent,
        }
    }
}
