//! Devices: client computers that enrolled. They are made by [`enrolment`](crate::enrolment); here they are seen, shut out and removed.

pub(crate) mod delete;
mod list;
pub(crate) mod revoke;

use dray_model::{Name, ObjectKind};

pub use delete::delete;
pub use dray_store::device::DeviceFilter;
pub(crate) use list::find_without_facts;
pub use list::{find, list};
pub use revoke::revoke;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

/// The device of this name or id.
pub(crate) fn object(name: impl std::fmt::Display) -> Object {
    Object::new(ObjectKind::Device, name)
}

/// Why an operation on devices failed.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The site has forgotten it, and nobody has accepted it yet.
    #[error("the device {0} enrolled after the copy that this site was restored from; it is waiting to be accepted")]
    Waiting(Name),
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
        via Object(ObjectError), Site(SiteError);
        Self::Waiting(_) => Absent "awaits_acceptance",
        Self::NotRevoked(_) => Conflict "not_revoked",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotRevoked(_) => Some("revoke it first, which takes effect at once".to_owned()),
            Self::Site(error) => error.hint(),
            Self::Object(error) => error.hint(),
            Self::Waiting(name) => Some(format!("dray device accept {name} lets it in again")),
        }
    }
}
