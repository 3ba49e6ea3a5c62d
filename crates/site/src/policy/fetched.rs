//! Remembers which policy each device has, so that `why` can tell. It is told to the database in batches, a moment later.
//!
//! A device that shows the current tag has the policy, no matter who gave it; so what a killed process didn't write comes back with the
//! device's next request.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use dray_model::DeviceId;
use dray_store::policy::{self, FetchedPolicy};
use dray_store::{Snapshot, StoreError};

use super::{Computed, Policies};
use crate::site::Site;

/// How long news of devices are gathered before they are written.
const GATHER: Duration = Duration::from_secs(1);
/// Devices in one statement.
const BATCH: usize = 10_000;

/// Not yet written.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) devices: HashMap<DeviceId, FetchedPolicy>,
}

impl Policies {
    /// Notes that the device has this policy now.
    pub(super) fn note_fetched(&self, site: &Site, device: DeviceId, computed: &Computed) {
        let fetched = FetchedPolicy {
            tag: computed.tag,
            number: u64::try_from(computed.sequence).unwrap_or(0),
            fetched_at: site.now(),
        };
        let mut noted = self.noted();
        let is_first = noted.devices.is_empty();
        noted.devices.insert(device, fetched);
        drop(noted);
        if is_first {
            let site = site.clone();
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                if let Err(error) = site.policies().flush(&site).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot record which policies devices have"
                    );
                }
            });
        }
    }

    /// Writes what is new. What can't be written comes back with the device's next policy.
    pub(super) async fn flush(&self, site: &Site) -> Result<(), StoreError> {
        let mut new: Vec<_> = std::mem::take(&mut self.noted().devices).into_iter().collect();
        // Servers that write side by side lock rows in the same order.
        new.sort_unstable_by_key(|(device, _)| *device);
        for batch in new.chunks(BATCH) {
            let mut tx = site.db().write_beside_others().await?;
            policy::note_fetched(&mut tx, batch).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The policy that the device has, as far as the site knows.
pub(crate) async fn known(
    site: &Site,
    snapshot: &mut Snapshot,
    device: DeviceId,
) -> Result<Option<FetchedPolicy>, StoreError> {
    let noted = site.policies().noted().devices.get(&device).cloned();
    match noted {
        Some(noted) => Ok(Some(noted)),
        None => policy::fetched(snapshot, device).await,
    }
}
