//! A device's policy: computed when the device asks, signed for it alone, never kept per target.
//!
//! What policies are made of lies in memory by collection ([`index`]). A policy's tag names what it says and its half of the validity,
//! not its number: a device whose policy says the same goes on with the one it has. What was computed counts until a change
//! concerns the device ([`memory`], [`moved`]), so an unchanged poll is a look-up. Every envelope is signed with the sequence of the
//! newest change in the snapshot from which its entries come, so the number never goes down, whichever server answers.

mod compute;
mod current;
mod desk;
mod fetched;
mod groups;
mod index;
mod memory;
mod moved;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_model::DeviceId;
use dray_trust::EnvelopeError;

pub(crate) use compute::{Computed, one};
pub use current::{HOLD_MAX, SealedPolicy, current};
pub(crate) use fetched::known;

use self::desk::Desk;
use self::fetched::Noted;
use self::index::Index;
use self::memory::Memory;
use crate::error::{Failure, SiteError, codes, from_store_error};

/// How long a policy is valid. It is signed again once half of that is over.
pub const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The device is not enrolled, or not any more.
    #[error("there is no policy for {0}: it is not enrolled with this site")]
    NotEnrolled(DeviceId),
    /// The document can't be made.
    #[error("cannot sign the policy of {device}")]
    Document {
        /// The device.
        device: DeviceId,
        /// Why not.
        #[source]
        source: EnvelopeError,
    },
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(PolicyError);

impl Failure for PolicyError {
    codes! {
        via Site(SiteError);
        Self::NotEnrolled(_) => Denied "not_enrolled",
        Self::Document { .. } => Internal "policy_too_large",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEnrolled(_) => Some("enrol the device again".to_owned()),
            Self::Document { .. } => None,
            Self::Site(error) => error.hint(),
        }
    }
}

/// What a server process knows of policies.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    index: tokio::sync::Mutex<Index>,
    desk: Desk,
    memory: Mutex<Memory>,
    noted: Mutex<Noted>,
}

impl Policies {
    /// The devices' policies are going to be computed.
    fn expect(&self, devices: &[DeviceId]) {
        let mut memory = self.memory();
        devices.iter().for_each(|device| memory.expect(*device));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until all members whom a change concerns are known.
#[cfg(test)]
pub(crate) async fn members_read(site: &crate::Site) {
    while site.policies().memory().is_reading() {
        tokio::task::yield_now().await;
    }
}

/// The tag of the device's policy, as long as nothing that concerns it has changed since it was computed.
#[cfg(test)]
pub(crate) fn remembered(site: &crate::Site, device: DeviceId) -> Option<dray_model::Digest> {
    site.policies().memory().tag(device, compute::half(device, site.now()))
}

#[cfg(test)]
mod tests;
