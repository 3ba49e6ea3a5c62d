//! Collections: which devices are meant. Rules are checked and typed when they are saved; members follow rules and facts.
//!
//! A change of rules evaluates the whole collection in its own transaction; a change of one device's facts evaluates that device
//! against the collections that ask for what changed.

pub(crate) mod change;
mod check;
pub(crate) mod create;
pub(crate) mod delete;
mod evaluate;
mod list;
mod place;
mod preview;

use std::ops::Range;

use dray_model::{Name, ObjectKind};

pub use change::change;
pub use check::{QUERIES_MAX, RULES_MAX};
pub use create::create;
pub(crate) use create::create_predefined;
pub use delete::delete;
pub use evaluate::evaluate;
pub use list::{find, list, members};
pub(crate) use place::{Placed, place};
pub use preview::preview;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

/// The collection that every site has.
pub const ALL_DEVICES: &str = "all-devices";

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Collection, name)
}

/// Why an operation on collections failed.
#[derive(Debug, thiserror::Error)]
pub enum CollectionError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The site needs it as it is.
    #[error("cannot change or delete the collection {0}: it is built in")]
    Predefined(Name),
    /// More rules than a collection may have.
    #[error("cannot save {found} {what} in one collection: the limit is {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
    },
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
        via Object(ObjectError), Site(SiteError);
        Self::Predefined(_) => Conflict "predefined",
        Self::TooMany { .. } => Invalid "too_many",
        Self::Expression { .. } => Invalid "invalid_expression",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::TooMany { .. } => "combine several into one query, with `in` or `||`",
            Self::Expression { hint, .. } => return hint.clone(),
            Self::Object(error) => return error.hint(),
            Self::Site(error) => return error.hint(),
            Self::Predefined(_) => return None,
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
