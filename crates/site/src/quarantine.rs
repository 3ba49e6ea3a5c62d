//! Members that the site has forgotten: they enrolled after the copy was made from which the site went on. They wait until an
//! administrator accepts them, and then go on under their old identity.
//!
//! Only a member whose certificate was issued between the copy and the return waits here; everybody else who isn't known is shut out, as
//! always. A member that was deleted before the copy was made has an older certificate, and stays out.

mod accept;
mod hear;
mod list;
mod refuse;

use dray_model::Name;
use dray_model::api::site::WaitingMembers;

pub use accept::{AT_ONCE, accept, accept_all};
pub(crate) use hear::{Heard, hear};
pub use list::list;
pub use refuse::{refuse, refuse_all};

use crate::error::{Failure, SiteError, codes, from_store_error};

/// Most members that are remembered.
pub const MEMBERS_MAX: u64 = 100_000;

/// Why an operation on waiting members failed.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// None of this identity, and none or several that call themselves so.
    #[error("there is no single device or point called {0} that is waiting to be accepted")]
    NotFound(Name),
    /// A point that doesn't exist.
    #[error("cannot accept the distribution point {0}: it does not exist")]
    NoPoint(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(QuarantineError);

impl Failure for QuarantineError {
    codes! {
        via Site(SiteError);
        Self::NotFound(_) => Absent "not_found",
        Self::NoPoint(_) => Unresolved "unresolved",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(_) => {
                Some("choose one from `dray device waiting`; if several have the same name, use the id".to_owned())
            }
            Self::NoPoint(name) => {
                Some(format!("create it first, with the address that it had: `dray point create {name} --url URL`"))
            }
            Self::Site(error) => error.hint(),
        }
    }
}

/// Puts into the metrics how many wait.
pub(crate) fn measure(waiting: WaitingMembers) {
    metrics::gauge!("dray_quarantined_members", "kind" => "device").set(waiting.devices as f64);
    metrics::gauge!("dray_quarantined_members", "kind" => "point").set(waiting.points as f64);
}

#[cfg(test)]
mod tests;
