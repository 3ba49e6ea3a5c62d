//! How computers and distribution points become members of the site: enrolment tokens, enrolment, renewal.
//!
//! A bad token tells its holder nothing but that: unknown, used up, expired and revoked look the same.

mod certificate;
pub(crate) mod create;
mod devices;
mod enrol;
mod guesses;
mod known;
mod list;
mod name;
mod renew;
pub(crate) mod revoke;

use dray_model::api::client::MemberKind;
use dray_model::{Name, ObjectKind};
use dray_trust::certificate::IssueError;

pub use certificate::CERTIFICATE_LIFE;
pub use create::create;
pub(crate) use devices::Enrolling;
pub use enrol::enrol;
pub(crate) use guesses::Guesses;
pub(crate) use known::KnownTokens;
pub use list::list;
pub(crate) use name::free as free_names;
pub use renew::renew;
pub use revoke::revoke;

use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::object::{Object, ObjectError};

pub(crate) fn object(id: i64) -> Object {
    Object::new(ObjectKind::EnrolmentToken, id)
}

/// Why an operation on enrolment failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// What can happen to any object.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// A validity out of bounds.
    #[error("cannot create an enrolment token that is valid for {0} s")]
    Validity(u32),
    /// A number of devices out of bounds.
    #[error("cannot create an enrolment token for {0} devices")]
    Count(u32),
    /// The token doesn't let anybody enrol, for whatever reason.
    #[error("the enrolment token is not valid for this site")]
    Refused,
    /// A good token, shown by what it is not for.
    #[error("the enrolment token is for {}", token_is_for(*token_for))]
    WrongMember {
        /// What the token is for.
        token_for: MemberKind,
    },
    /// Too many bad tokens from one address.
    #[error("too many invalid enrolment tokens from this address")]
    Guessing,
    /// The certificate request.
    #[error("cannot issue a certificate")]
    Certificate(#[from] IssueError),
    /// The distribution point whose certificate is shown is gone.
    #[error("the distribution point {0} no longer exists")]
    UnknownPoint(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(EnrolmentError);

const fn token_is_for(member: MemberKind) -> &'static str {
    match member {
        MemberKind::Device => "devices, not for a distribution point",
        MemberKind::Point => "a distribution point, not for a device",
    }
}

impl Failure for EnrolmentError {
    codes! {
        via Object(ObjectError), Site(SiteError);
        Self::Validity(_) => Invalid "invalid_validity",
        Self::Count(_) => Invalid "invalid_count",
        Self::Refused => Denied "enrolment_refused",
        Self::WrongMember { .. } => Denied "wrong_member",
        Self::Guessing => Throttled "too_many_attempts",
        Self::Certificate(IssueError::AuthorityNotValid { .. } | IssueError::Write { .. }) => Internal "no_certificate_issued",
        Self::Certificate(_) => Invalid "no_certificate_issued",
        Self::UnknownPoint(_) => Denied "unknown_point",
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Validity(_) => "use 60 to 31536000 seconds",
            Self::Count(_) => "use 1 to 100000 devices",
            Self::Refused => "it may be mistyped, used up, expired or revoked; ask an administrator for a new one",
            Self::WrongMember { token_for: MemberKind::Device } => {
                "use it on a computer with dray-agent enrol; it is still valid"
            }
            Self::WrongMember { token_for: MemberKind::Point } => {
                "use it on the distribution point with dray point enrol; it is still valid"
            }
            Self::Guessing => "wait a minute before trying again",
            Self::Object(error) => return error.hint(),
            Self::Site(error) => return error.hint(),
            Self::Certificate(_) | Self::UnknownPoint(_) => return None,
        };
        Some(hint.to_owned())
    }
}
