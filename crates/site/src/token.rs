//! Administrator tokens: make, list, revoke, and find out who shows one.

mod authenticate;
pub(crate) mod create;
mod list;
pub(crate) mod revoke;

use dray_model::{Name, ObjectKind};

pub use authenticate::{Refused, authenticate};
pub use create::create;
pub use list::list;
pub use revoke::revoke;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Token, name)
}

/// Why an operation on tokens failed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The token that the request was made with.
    #[error("cannot revoke the token {0}: it is the one that you are using")]
    Own(Name),
    /// A validity of zero or forever.
    #[error("cannot create a token that is valid for {0} s")]
    Validity(u32),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(TokenError);

impl Failure for TokenError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::Own(_) => Conflict "own_token",
        Self::Validity(_) => Invalid "invalid_validity",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Own(_) => Some("use another administrator's token, so that one is left".to_owned()),
            Self::Validity(_) => Some("use 1 to 315360000 seconds".to_owned()),
            Self::Object(error) => error.hint(),
            Self::Site(error) => error.hint(),
        }
    }
}
