//! Whether the site's database has gone back in time, and how the site goes on then: above all that it signed before.
//!
//! A device says with each request which policy it holds. That is a claim, which costs a look-up in memory. When it doesn't fit the
//! site's eras ([`judge`]), the device is asked for the policy itself; one that this site signed proves that the database is an older copy.
//! Then the site *returns*, in one transaction: it numbers on above the proof, begins an era that devices see in their policies, revokes
//! enrolment tokens, and tells the administrator. From there on the proof fits, so the next one changes nothing.

mod begin;
mod judge;
mod known;
mod prove;
mod returns;
mod status;

pub use begin::begin_era;
pub(crate) use known::{Known, may_be_forgotten};
pub use prove::{ProofTurn, doubts, prove, turn};
pub(crate) use returns::{Restored, restored, went_back};
pub use status::status;

use dray_model::DeviceId;

use crate::error::{Failure, SiteError, codes, from_store_error};

/// How far above all that is known numbering goes on after a return: no site makes as many changes between a copy and the proof.
pub(crate) const GAP: i64 = 1 << 32;

/// Why a proof isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Not signed by this site, or not readable.
    #[error("cannot take the proof: it is not a policy that this site signed")]
    Signature(#[source] dray_trust::EnvelopeError),
    /// The policy of another device, or of a form that isn't known.
    #[error("cannot take the proof: it is not a policy of {0}")]
    NotOurs(DeviceId),
    /// A number that leaves no room above it.
    #[error("cannot take the proof: its number {0} is too high")]
    Number(u64),
    /// Too many are proving at the same time.
    #[error("cannot take the proof now: others are being looked at")]
    Busy,
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(HistoryError);

impl Failure for HistoryError {
    codes! {
        via Site(SiteError);
        Self::Signature(_) => Invalid "invalid_proof",
        Self::NotOurs(_) => Invalid "invalid_proof",
        Self::Number(_) => Invalid "invalid_proof",
        Self::Busy => Busy "proofs_busy",
    }
}

#[cfg(test)]
pub(crate) mod tests;
