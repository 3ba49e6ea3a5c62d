//! Advertisements: which program for which collection, and when.
//!
//! An advertisement is a row of signed, immutable revisions, of which the last is in force. [`publish`] is the only way to make
//! one; a change that alters nothing publishes nothing. Withdrawing takes an advertisement out of all policies and keeps what
//! devices reported.

mod change;
mod check;
mod create;
mod delete;
mod list;
mod publish;
mod rerun;

use dray_model::advertisement::AdvertisementTerms;
use dray_model::{Name, Timestamp};
use dray_trust::EnvelopeError;

pub use change::change;
pub use create::create;
pub use delete::delete;
pub use list::{devices, find, list};
pub use rerun::rerun;

use crate::error::{Failure, SiteError, codes, create_first, from_store_error, listed};

/// Kind of object in the audit log.
const KIND: &str = "advertisement";

/// Why an operation on advertisements failed.
#[derive(Debug, thiserror::Error)]
pub enum AdvertisementError {
    /// The name is in use.
    #[error("cannot create the advertisement {0}: there is one of this name")]
    NameTaken(Name),
    /// Nothing of this name.
    #[error("there is no advertisement {0}")]
    NotFound(Name),
    /// Somebody changed it since the caller looked.
    #[error("cannot change the advertisement {name}: it is at revision {found}, not at {expected}")]
    Stale {
        /// The advertisement.
        name: Name,
        /// The revision that the caller saw.
        expected: u64,
        /// The revision now.
        found: u32,
    },
    /// What is advertised isn't there.
    #[error("cannot advertise the package {0}: there is none of this name")]
    NoPackage(Name),
    /// The package has no such program.
    #[error("cannot advertise the program {program}: the package {package} has none of this name")]
    NoProgram {
        /// The package.
        package: Name,
        /// The program.
        program: Name,
        /// Those that it has.
        programs: Vec<Name>,
    },
    /// Whom it is for isn't there.
    #[error("cannot advertise to the collection {0}: there is none of this name")]
    NoCollection(Name),
    /// It would be over before it starts.
    #[error("cannot advertise from {start:.0} to {expires:.0}: it expires before it starts")]
    ExpiresFirst {
        /// The start.
        start: Timestamp,
        /// The expiry.
        expires: Timestamp,
    },
    /// More assignments than an advertisement may have.
    #[error("cannot save {0} assignments in one advertisement: {max} are allowed", max = AdvertisementTerms::MAX_ASSIGNMENTS)]
    TooManyAssignments(usize),
    /// The same assignment twice.
    #[error("cannot save the same assignment twice in one advertisement")]
    AssignmentTwice,
    /// Its time is over.
    #[error("cannot run the advertisement {name} again: it expired at {expired:.0}")]
    Expired {
        /// The advertisement.
        name: Name,
        /// When.
        expired: Timestamp,
    },
    /// No number is left.
    #[error("cannot publish the advertisement {0}: it has no revision number left")]
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
        via Site(SiteError);
        Self::NameTaken(_) => Conflict "name_taken",
        Self::NotFound(_) => Absent "not_found",
        Self::Stale { .. } => Stale "stale",
        Self::NoPackage(_) => Unresolved "no_package",
        Self::NoProgram { .. } => Unresolved "no_program",
        Self::NoCollection(_) => Unresolved "no_collection",
        Self::ExpiresFirst { .. } => Invalid "expires_before_start",
        Self::TooManyAssignments(_) => Invalid "too_many_assignments",
        Self::AssignmentTwice => Invalid "assignment_twice",
        Self::Expired { .. } => Conflict "expired",
        Self::Revisions(_) => Invalid "no_revision_number",
        Self::Document { .. } => Invalid "document_too_large",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NameTaken(_) => "change the advertisement that is there, or choose another name",
            Self::Stale { .. } => "look at it again and repeat the change",
            Self::NotFound(_) => return Some(listed(KIND)),
            Self::NoPackage(_) => return Some(create_first("package")),
            Self::NoProgram { programs, .. } if programs.is_empty() => "the package has no programs yet: add one",
            Self::NoProgram { programs, .. } => {
                let names: Vec<_> = programs.iter().map(Name::as_str).collect();
                return Some(format!("it has {}", names.join(", ")));
            }
            Self::NoCollection(_) => return Some(create_first("collection")),
            Self::ExpiresFirst { .. } => "choose an expiry after the start",
            Self::TooManyAssignments(_) => "use several advertisements",
            Self::AssignmentTwice => "leave one of them out",
            Self::Expired { .. } => "give it a later expiry first",
            Self::Site(error) => return error.hint(),
            Self::Revisions(_) | Self::Document { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
pub(crate) mod tests;
