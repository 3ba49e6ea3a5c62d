//! Distribution points: what they are to hold, what they report, and where clients are sent for content.

mod assign;
mod assignments;
mod change;
mod create;
mod delete;
mod list;
mod locations;
mod report;
mod url;
mod waiting;

use dray_model::Name;
use dray_model::excerpt::quoted;

pub use assign::{assign, distribute, unassign};
pub use assignments::{Assigned, assignments};
pub use change::change;
pub use create::create;
pub use delete::delete;
pub use list::{find, list, packages};
pub use locations::{CONTENTS_MAX, locations};
pub use report::{REPORTS_MAX, report};
pub(crate) use waiting::PointsWaiting;

use crate::error::{Failure, SiteError, codes, create_first, from_store_error, listed};

/// Kind of object in the audit log.
const KIND: &str = "point";
/// The name under which clients know the site as a source of content.
const SITE_NAME: &str = "site";

/// Why an operation on points failed.
#[derive(Debug, thiserror::Error)]
pub enum PointError {
    /// The name is in use, or means the site.
    #[error("cannot create the distribution point {0}: the name is taken")]
    NameTaken(Name),
    /// Nothing of this name.
    #[error("there is no distribution point {0}")]
    NotFound(Name),
    /// No package of this name.
    #[error("there is no package {0}")]
    NoPackage(Name),
    /// A point that the package is to be put on isn't there.
    #[error("cannot put the package on the distribution point {0}: there is none of this name")]
    NoPoint(Name),
    /// Somebody changed it since the caller looked.
    #[error("cannot change the distribution point {name}: it is at revision {found}, not at {expected}")]
    Stale {
        /// The point.
        name: Name,
        /// The revision that the caller saw.
        expected: u64,
        /// The revision now.
        found: u64,
    },
    /// An address that clients can't use.
    #[error("{} is no address of a distribution point: {reason}", quoted(url))]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The caller shows the certificate of a point that was deleted.
    #[error("the distribution point {0} is not known here any more")]
    Unknown(Name),
    /// More than one request may ask or tell.
    #[error("cannot take {found} {what} in one request: {max} are allowed")]
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
        via Site(SiteError);
        Self::NameTaken(_) => Conflict "name_taken",
        Self::NotFound(_) => Absent "not_found",
        Self::NoPackage(_) => Absent "no_package",
        Self::NoPoint(_) => Unresolved "no_point",
        Self::Stale { .. } => Stale "stale",
        Self::Url { .. } => Invalid "invalid_url",
        Self::Unknown(_) => Denied "unknown_point",
        Self::TooMany { .. } => TooLarge "too_many",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound(_) => return Some(listed(KIND)),
            Self::NoPackage(_) => return Some(listed("package")),
            Self::NoPoint(_) => return Some(create_first(KIND)),
            Self::Stale { .. } => "look at it again and repeat the change",
            Self::Url { .. } => "give https://HOST or https://HOST:PORT, as clients reach it",
            Self::TooMany { .. } => "send several requests",
            Self::Site(error) => return error.hint(),
            Self::NameTaken(_) | Self::Unknown(_) => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests;
