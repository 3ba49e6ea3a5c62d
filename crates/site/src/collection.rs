//! Collections: which devices are meant. Rules are checked and typed when they are saved; members follow rules and facts.
//!
//! A change of rules evaluates the whole collection in its own transaction; a change of one device's facts evaluates that device
//! against the collections that ask for what changed. Either raises the policy generation only when a membership changed.

mod change;
mod check;
mod create;
mod delete;
mod evaluate;
mod list;
mod place;
mod preview;

use std::ops::Range;

use dray_model::{DeviceId, Name};

pub use change::change;
pub use check::{QUERIES_MAX, RULES_MAX};
pub use create::create;
pub(crate) use create::create_predefined;
pub use delete::delete;
pub use evaluate::evaluate;
pub use list::{find, list, members};
pub(crate) use place::{Placed, place};
pub use preview::preview;

use crate::error::{Failure, SiteError, codes, from_store_error, listed};

/// Kind of object in the audit log.
const KIND: &str = "collection";
/// The collection that every site has.
pub const ALL_DEVICES: &str = "all-devices";

/// Why an operation on collections failed.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// The name is in use.
    #[error("cannot create the collection {0}: the name is taken")]
    NameTaken(Name),
    /// Nothing of this name.
    #[error("there is no collection {0}")]
    NotFound(Name),
    /// Somebody changed it since the caller looked.
    #[error("cannot change the collection {name}: it is at revision {found}, not at {expected}")]
    Stale {
        /// The collection.
        name: Name,
        /// The revision that the caller saw.
        expected: u64,
        /// The revision now.
        found: u64,
    },
    /// The site needs it as it is.
    #[error("cannot change or delete the collection {0}: every site has it")]
    Predefined(Name),
    /// Others depend on it.
    #[error("cannot delete the collection {name}: it is needed by {}", .dependants.join(", "))]
    InUse {
        /// The collection.
        name: Name,
        /// What depends on it, like `the advertisement zip-for-all`.
        dependants: Vec<String>,
    },
    /// More rules than a collection may have.
    #[error("cannot give a collection {found} {what}: {max} are allowed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// A rule for a device that isn't there.
    #[error("cannot make a rule for the device {0}: there is none of this id")]
    NoDevice(DeviceId),
    /// An expression that is no query.
    #[error("cannot use the expression{}: {explanation}", .rule.map(|rule| format!(" of rule {rule}")).unwrap_or_default())]
    Expression {
        /// Which rule's it is, counted from 1; absent when there is only this one.
        rule: Option<usize>,
        /// What is wrong, in lines that show the place.
        explanation: String,
        /// The bytes of the text that it is about.
        span: Range<usize>,
        /// What to write instead.
        hint: Option<String>,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(CollectionError);

impl Failure for CollectionError {
    codes! {
        via Site(SiteError);
        Self::NameTaken(_) => Conflict "name_taken",
        Self::NotFound(_) => Absent "not_found",
        Self::Stale { .. } => Stale "stale",
        Self::Predefined(_) => Conflict "predefined",
        Self::InUse { .. } => Conflict "in_use",
        Self::TooMany { .. } => Invalid "too_many",
        Self::NoDevice(_) => Unresolved "no_device",
        Self::Expression { .. } => Invalid "invalid_expression",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound(_) => return Some(listed(KIND)),
            Self::NoDevice(_) => return Some(listed("device")),
            Self::Stale { .. } => "look at it again and repeat the change",
            Self::InUse { .. } => "delete those first",
            Self::TooMany { .. } => "say it in one query, with `in` or `||`",
            Self::Expression { hint, .. } => return hint.clone(),
            Self::Site(error) => return error.hint(),
            Self::NameTaken(_) | Self::Predefined(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::Expression { span, .. } => Some(span.clone()),
            _ => None,
        }
    }
}
