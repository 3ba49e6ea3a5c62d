//! Distribution points: what they are to hold, what they report, and where clients are sent for content.

pub(crate) mod assign;
mod assignments;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod delete;
mod list;
mod locations;
mod report;
mod url;
mod waiting;

use dray_model::excerpt::quoted;
use dray_model::{Name, ObjectKind};

pub use assign::{assign, distribute, unassign};
pub use assignments::{Assigned, assignments};
pub use change::change;
pub use create::create;
pub use delete::delete;
pub use list::{find, list, packages};
pub use locations::{CONTENTS_MAX, locations};
pub use report::{REPORTS_MAX, report};
pub(crate) use waiting::PointsWaiting;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

/// The name under which clients know the site as a source of content.
const SITE_NAME: &str = "site";

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Point, name)
}

/// Why an operation on points failed.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// An address that clients can't use.
    #[error("{} is not an address for a distribution point: {reason}", quoted(url))]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The caller shows the certificate of a point that was deleted.
    #[error("the distribution point {0} no longer exists")]
    Unknown(Name),
    /// More than one request may ask or tell.
    #[error("there are {found} {what} in one request, the limit is {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(PointError);

impl Failure for PointError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::Url { .. } => Invalid "invalid_url",
        Self::Unknown(_) => Denied "unknown_point",
        Self::TooMany { .. } => TooLarge "too_many",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url { .. } => "use https://HOST or https://HOST:PORT, as clients reach it",
            Self::TooMany { .. } => "send several smaller requests",
            Self::Object(error) => return error.hint(),
            Self::Site(error) => return error.hint(),
            Self::Unknown(_) => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests;
