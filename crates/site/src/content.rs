//! The content store as the site uses it: objects are put there by publishing, read by devices and points, and swept away when no
//! release needs them any more.
//!
//! Objects never change; their name holds the digest of their bytes. What the database says of them is in `dray_store::content`.

mod improve;
mod object;
pub(crate) mod prepare;
pub(crate) mod progress;
mod staging;
mod stats;
mod stored;
mod sweep;
pub(crate) mod upload;

pub use dray_content::ObjectName;
pub use improve::Improve;
pub use object::{Body, Opened, Range, Wanted, find, open};
pub(crate) use staging::Staging;
pub(crate) use stats::measure;
pub use stats::stats;
pub use sweep::Sweep;
pub(crate) use upload::load;

use object_store::path::Path;

use crate::error::{Class, Failure, SiteError, from_store_error};

/// Why an object can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The store hasn't got it.
    #[error("there is no content object {0}")]
    NotFound(ObjectName),
    /// The range begins after the object's end.
    #[error("the content object {name} has {size_bytes} bytes, none of them in the range asked for")]
    OutOfRange {
        /// The object.
        name: ObjectName,
        /// Its bytes.
        size_bytes: u64,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(ContentError);

impl Failure for ContentError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Site(error) => error.code(),
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::NotFound(_) => Class::Absent,
            Self::OutOfRange { .. } => Class::Invalid,
            Self::Site(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            Self::NotFound(_) | Self::OutOfRange { .. } => None,
        }
    }
}

/// Where the object lies in the store.
pub(crate) fn location(name: &ObjectName) -> Path {
    Path::from(name.to_string())
}

fn failed(doing: &'static str) -> impl FnOnce(object_store::Error) -> SiteError {
    move |source| SiteError::Content { doing, source }
}
