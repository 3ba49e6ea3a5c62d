//! Devices: client computers that enrolled. They are made by [`enrolment`](crate::enrolment); here they are seen, shut out and removed.

mod delete;
mod list;
mod revoke;

use dray_model::Name;

pub use delete::delete;
pub use dray_store::device::DeviceFilter;
pub(crate) use list::find_without_facts;
pub use list::{find, list};
pub use revoke::revoke;

use crate::error::{Failure, SiteError, codes, from_store_error, listed};

/// Kind of object in the audit log.
const KIND: &str = "device";

/// Why an operation on devices failed.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Nothing of this name or id.
    #[error("there is no device {0}")]
    NotFound(Name),
    /// No collection of the name to list by.
    #[error("there is no collection {0}")]
    NoCollection(Name),
    /// It may still talk to the site.
    #[error("cannot delete the device {0}: it is not revoked")]
    NotRevoked(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(DeviceError);

impl Failure for DeviceError {
    codes! {
        via Site(SiteError);
        Self::NotFound(_) => Absent "not_found",
        Self::NoCollection(_) => Absent "no_collection",
        Self::NotRevoked(_) => Conflict "not_revoked",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRevoked(_) => Some("revoke it first; it is shut out at once".to_owned()),
            Self::Site(error) => error.hint(),
            Self::NotFound(_) => Some(listed(KIND)),
            Self::NoCollection(_) => Some(listed("collection")),
        }
    }
}
