//! Scopes: parts of the site's objects, for administrators who work on those alone.
//!
//! A scope holds packages, collections and points; devices and advertisements are in it by their collections. Only those who work on
//! everything make scopes and put objects into them.

pub(crate) mod add;
pub(crate) mod create;
pub(crate) mod delete;
mod list;

use dray_model::{Name, ObjectKind};

pub use add::{add, remove};
pub use create::create;
pub use delete::delete;
pub use list::{find, list, objects};

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Scope, name)
}

/// Why an operation on scopes failed.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(ScopeError);

impl Failure for ScopeError {
    codes! {
        via Object(ObjectError), Site(SiteError);
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Object(error) => error.hint(),
            Self::Site(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests;
