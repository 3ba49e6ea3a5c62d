//! A device's policy: computed when the device asks, signed for it alone, never kept per target.
//!
//! What policies are made of lies in memory by collection ([`index`]) and is read anew when the policy generation has moved. A
//! policy's tag names what it says and its half of the validity, not its number: a device whose policy says the same goes on
//! with the one it has, at the price of a look into a map. Every envelope is signed with the generation of the database at the
//! instant from which its entries come, so the number never goes down, whichever server answers.

mod compute;
mod current;
mod fetched;
mod index;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_model::{DeviceId, Digest};
use dray_store::{Engine, StoreError, meta};
use dray_trust::EnvelopeError;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub(crate) use compute::{Computed, compute};
pub use current::{SealedPolicy, current};
pub(crate) use fetched::known;

use self::fetched::Noted;
use self::index::Index;
use crate::error::{Class, Failure, SiteError, from_store_error};
use crate::site::Site;

/// How long a policy is valid. It is signed anew once half of that is over.
pub const VALIDITY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How old what is known of the generation may be: the delay with which another server's change is noticed.
const LOOK: Duration = Duration::from_secs(1);
/// Most devices remembered, some 80 MB; beyond that the memory starts anew.
const REMEMBERED_MAX: usize = 1_000_000;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The device is not enrolled, or not any more.
    #[error("there is no policy for {0}: it is not enrolled here")]
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
    fn code(&self) -> &'static str {
        match self {
            Self::NotEnrolled(_) => "not_enrolled",
            Self::Document { .. } => "policy_too_large",
            Self::Site(error) => error.code(),
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::NotEnrolled(_) => Class::Denied,
            Self::Document { .. } => Class::Internal,
            Self::Site(error) => error.class(),
        }
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
#[derive(Debug)]
pub(crate) struct Policies {
    index: tokio::sync::Mutex<Index>,
    /// Turns to compute: when thousands wake at once they come in a row, and administrators still get a connection.
    turns: Semaphore,
    memory: Mutex<Memory>,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Memory {
    looked_at: Option<Instant>,
    devices: HashMap<DeviceId, Remembered>,
}

/// The tag of a device's policy as it was at a generation.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    generation: i64,
    half: i64,
    tag: Digest,
}

impl Policies {
    /// For a site with this database.
    pub(crate) fn new(engine: Engine) -> Self {
        // One less than SQLite's readers; half of PostgreSQL's connections.
        let turns = match engine {
            Engine::Sqlite => 3,
            Engine::Postgres => 8,
        };
        Self {
            index: tokio::sync::Mutex::default(),
            turns: Semaphore::new(turns),
            memory: Mutex::default(),
            noted: Mutex::default(),
        }
    }

    /// The policy generation, at most [`LOOK`] old.
    async fn generation(&self, site: &Site) -> Result<i64, StoreError> {
        let is_due = {
            let mut memory = self.memory();
            let is_due = memory.looked_at.is_none_or(|at| at.elapsed() >= LOOK);
            if is_due {
                memory.looked_at = Some(Instant::now());
            }
            is_due
        };
        if is_due {
            let found = meta::generation(&mut site.db().read().await?, meta::POLICY_GENERATION).await?;
            site.news().announce(found);
        }
        Ok(site.news().latest())
    }

    /// The device's tag, if it was computed for this generation and half.
    fn remembered(&self, device: DeviceId, generation: i64, half: i64) -> Option<Digest> {
        let remembered = *self.memory().devices.get(&device)?;
        (remembered.generation == generation && remembered.half == half).then_some(remembered.tag)
    }

    fn remember(&self, device: DeviceId, computed: &Computed) {
        let mut memory = self.memory();
        if memory.devices.len() >= REMEMBERED_MAX {
            memory.devices.clear();
        }
        let Computed { generation, half, tag, .. } = *computed;
        memory.devices.insert(device, Remembered { generation, half, tag });
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
