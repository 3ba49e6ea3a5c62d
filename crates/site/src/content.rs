//! The content store as the site uses it: objects are put there by publishing, read by devices and points, and swept away when no
//! release needs them any more.
//!
//! Objects never change; their name holds the digest of their bytes. What the database says of them is in `dray_store::content`.

mod damage;
mod improve;
mod mend;
mod object;
mod objects;
pub(crate) mod prepare;
pub(crate) mod progress;
mod restore;
mod staging;
mod stats;
mod stored;
mod sweep;
pub(crate) mod upload;
mod verify;

pub use damage::damage;
pub(crate) use damage::damaged_packs;
pub use dray_content::ObjectName;
pub use improve::Improve;
pub use object::{Body, Opened, Range, find, open};
pub use objects::objects;
pub use restore::restore;
pub(crate) use staging::Staging;
pub(crate) use stats::measure;
pub use stats::stats;
pub use sweep::{Sweep, sweep};
pub(crate) use upload::load;
pub use verify::{Verify, verify};

use dray_model::Name;
use object_store::path::Path;

use crate::error::{Failure, SiteError, codes, from_store_error};

/// Why an object is not available.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// The store hasn't got it.
    #[error("there is no content object {0}")]
    NotFound(ObjectName),
    /// The range begins after the object's end.
    #[error("the requested range is beyond the end of the content object {name}, which has {size_bytes} bytes")]
    OutOfRange {
        /// The object.
        name: ObjectName,
        /// Its bytes.
        size_bytes: u64,
    },
    /// No such package, or it has no such source version with files.
    #[error("there is no {package} with {}", match .source_version { Some(version) => format!("source version {version} with files"), None => "files".to_owned() })]
    NoVersion {
        /// The package.
        package: Name,
        /// Which of its versions; none: any.
        source_version: Option<u32>,
    },
    /// Nothing is wrong with it, as far as is known.
    #[error("the content object {0} is not known to be damaged, so it cannot be replaced")]
    NotDamaged(ObjectName),
    /// It was sent with other bytes than it has.
    #[error("the bytes that were sent do not match {0}")]
    OtherBytes(ObjectName),
    /// It didn't arrive as a whole.
    #[error("the upload of {0} was incomplete")]
    Broken(ObjectName, #[source] std::io::Error),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(ContentError);

impl Failure for ContentError {
    codes! {
        via Site(SiteError);
        Self::NotFound(_) => Absent "not_found",
        Self::OutOfRange { .. } => Invalid "out_of_range",
        Self::NoVersion { .. } => Absent "no_version",
        Self::NotDamaged(_) => Conflict "not_damaged",
        Self::OtherBytes(_) => Invalid "other_bytes",
        Self::Broken(..) => Busy "unreadable_body",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            Self::NoVersion { package, .. } => Some(format!("list its releases with dray package releases {package}")),
            Self::NotDamaged(_) => {
                Some("run dray content verify to read the store and find what is damaged".to_owned())
            }
            Self::OtherBytes(_) => Some("check a folder of objects with dray content verify --store FOLDER".to_owned()),
            Self::NotFound(_) | Self::OutOfRange { .. } | Self::Broken(..) => None,
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
