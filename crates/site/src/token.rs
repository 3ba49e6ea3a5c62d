//! Administrator tokens: make, list, revoke, and find out who shows one.

mod authenticate;
mod create;
mod list;
mod revoke;

use dray_model::Name;

pub use authenticate::{Refused, authenticate};
pub use create::create;
pub use list::list;
pub use revoke::revoke;

use crate::error::{Failure, SiteError, codes, from_store_error, listed};

/// Kind of object in the audit log.
const KIND: &str = "token";

/// Why an operation on tokens failed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The name is or was in use.
    #[error("cannot create the token {0}: there is or was one of this name")]
    NameTaken(Name),
    /// Nothing of this name.
    #[error("there is no token {0}")]
    NotFound(Name),
    /// The token that the request was made with.
    #[error("cannot revoke the token {0} with itself")]
    Own(Name),
    /// A validity of zero or for ever.
    #[error("cannot create a token that is valid for {0} s")]
    Validity(u32),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(TokenError);

impl Failure for TokenError {
    codes! {
        via Site(SiteError);
        Self::NameTaken(_) => Conflict "name_taken",
        Self::NotFound(_) => Absent "not_found",
        Self::Own(_) => Conflict "own_token",
        Self::Validity(_) => Invalid "invalid_validity",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NameTaken(_) => {
                Some("names of revoked tokens stay taken, because the audit log names them".to_owned())
            }
            Self::Own(_) => Some("use another administrator's token, so that one is left".to_owned()),
            Self::Validity(_) => Some("give 1 to 315360000 seconds".to_owned()),
            Self::NotFound(_) => Some(listed(KIND)),
            Self::Site(error) => error.hint(),
        }
    }
}
