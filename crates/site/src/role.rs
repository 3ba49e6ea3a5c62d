//! Roles: what their holders may do, kind by kind. Every site has four; others are made here.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
mod list;

use dray_model::{Name, ObjectKind};

pub use change::change;
pub use create::create;
pub(crate) use create::create_predefined;
pub use delete::delete;
pub use list::{find, list};

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Role, name)
}

/// Why an operation on roles failed.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Every site has it as it is.
    #[error("cannot change or delete the role {0}: it is built in")]
    Predefined(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(RoleError);

impl Failure for RoleError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::Predefined(_) => Conflict "predefined",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Object(error) => error.hint(),
            Self::Predefined(_) => Some("create your own role with the rights that you need".to_owned()),
            Self::Site(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests;
