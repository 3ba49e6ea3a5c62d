//! Advertisements: which program for which collection, and when.
//!
//! An advertisement is a row of signed, immutable revisions, of which the last is in force. [`publish`] is the only way to make
//! one; a change that alters nothing publishes nothing. Withdrawing takes an advertisement out of all policies and keeps what
//! devices reported.

pub(crate) mod change;
mod check;
pub(crate) mod create;
pub(crate) mod delete;
mod list;
mod publish;
pub(crate) mod rerun;

use dray_model::advertisement::AdvertisementTerms;
use dray_model::{Name, ObjectKind, Timestamp};
use dray_trust::EnvelopeError;

pub use change::change;
pub use create::create;
pub use delete::delete;
pub use list::{devices, find, list};
pub use rerun::rerun;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

pub(crate) fn object(name: &Name) -> Object {
    Object::new(ObjectKind::Advertisement, name)
}

/// Why an operation on advertisements failed.
#[derive(Debug, thiserror::Error)]
pub enum AdvertisementError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The package has no such program.
    #[error("cannot advertise the program {program}: the package {package} has no such program")]
    NoProgram {
        /// The package.
        package: Name,
        /// The program.
        program: Name,
        /// Those that it has.
        programs: Vec<Name>,
    },
    /// It would be over before it starts.
    #[error("cannot advertise from {start:.0} to {expires:.0}: it would expire before it starts")]
    ExpiresFirst {
        /// The start.
        start: Timestamp,
        /// The expiry.
        expires: Timestamp,
    },
    /// More assignments than an advertisement may have.
    #[error("cannot save {0} assignments in one advertisement: the limit is {max}", max = AdvertisementTerms::MAX_ASSIGNMENTS)]
    TooManyAssignments(usize),
    /// The same assignment twice.
    #[error("cannot save the same assignment twice in one advertisement")]
    AssignmentTwice,
    /// Its time is over.
    #[error("cannot rerun the advertisement {name}: it expired at {expired:.0}")]
    Expired {
        /// The advertisement.
        name: Name,
        /// When.
        expired: Timestamp,
    },
    /// No number is left.
    #[error("cannot publish the advertisement {0}: its revision numbers are used up")]
    Revisions(Name),
    /// The document can't be made.
    #[error("cannot publish the advertisement {name}")]
    Document {
        /// The advertisement.
        name: Name,
        /// Why not.
        #[source]
        source: EnvelopeError,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(AdvertisementError);

impl Failure for AdvertisementError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::NoProgram { .. } => Unresolved "no_program",
        Self::ExpiresFirst { .. } => Invalid "expires_before_start",
        Self::TooManyAssignments(_) => Invalid "too_many_assignments",
        Self::AssignmentTwice => Invalid "assignment_twice",
        Self::Expired { .. } => Conflict "expired",
        Self::Revisions(_) => Invalid "no_revision_number",
        Self::Document { .. } => Invalid "document_too_large",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoProgram { programs, .. } if programs.is_empty() => "add a program to the package first",
            Self::NoProgram { programs, .. } => {
                let names: Vec<_> = programs.iter().map(Name::as_str).collect();
                return Some(format!("it has {}", names.join(", ")));
            }
            Self::ExpiresFirst { .. } => "choose an expiry after the start",
            Self::TooManyAssignments(_) => "use several advertisements",
            Self::AssignmentTwice => "remove one of them",
            Self::Expired { .. } => "set a later expiry first",
            Self::Object(error) => return error.hint(),
            Self::Site(error) => return error.hint(),
            Self::Revisions(_) | Self::Document { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests;
