//! What changes mean for policies: whose tags count no longer, and which held requests look again.

use std::time::Duration;

use dray_model::DeviceId;
use dray_store::collection;

use super::Policies;
use super::memory::Waiting;
use crate::site::Site;

/// Requests that are woken at once; more come in portions, so that thousands of them don't stand between an administrator and an answer.
const PORTION: usize = 1000;
/// Time between two portions.
const PAUSE: Duration = Duration::from_millis(10);
/// Members that are read at once.
const READ: i64 = 5000;

impl Policies {
    /// A change concerns one device.
    pub(crate) fn device_moved(&self, device: DeviceId, sequence: i64) {
        let waiting = self.memory().device_moved(device, sequence);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// What the members of a collection are offered changed.
    pub(crate) fn offers_moved(&self, collection: i64, sequence: i64) {
        let waiting = self.memory().offers_moved(collection, sequence);
        wake(waiting);
    }

    /// Everything may be different.
    pub(crate) fn everyone_moved(&self, sequence: i64) {
        let waiting = self.memory().everyone_moved(sequence);
        wake(waiting);
    }

    /// The members of a collection may be others than this process knows. Reads who they are. O(members).
    pub(crate) fn members_moved(&self, site: &Site, collection: i64, sequence: i64) {
        let former = {
            let mut memory = self.memory();
            memory.begin_reading(sequence);
            memory.offers_moved(collection, sequence)
        };
        wake(former);
        let site = site.clone();
        tokio::spawn(async move {
            let read = read_members(&site, collection, sequence).await;
            if let Err(error) = read {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot read which devices a change affects; looking at everything"
                );
                site.policies().everyone_moved(sequence);
            }
            site.policies().memory().end_reading(sequence);
        });
    }
}

async fn read_members(site: &Site, collection: i64, sequence: i64) -> Result<(), dray_store::StoreError> {
    let mut after = None;
    loop {
        let members = collection::member_ids(&mut site.db().read().await?, collection, after, READ).await?;
        let Some(last) = members.last() else { return Ok(()) };
        after = Some(*last);
        let waiting: Vec<_> = {
            let mut memory = site.policies().memory();
            members.into_iter().filter_map(|device| memory.device_moved(device, sequence)).collect()
        };
        wake_in_portions(waiting).await;
    }
}

/// Has the requests look again, those that end first before the others.
fn wake(waiting: Vec<Waiting>) {
    if waiting.len() <= PORTION {
        waiting.iter().for_each(Waiting::wake);
        return;
    }
    tokio::spawn(wake_in_portions(waiting));
}

async fn wake_in_portions(mut waiting: Vec<Waiting>) {
    waiting.sort_unstable_by_key(|waiting| waiting.until);
    for (place, portion) in waiting.chunks(PORTION).enumerate() {
        if place > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        portion.iter().for_each(Waiting::wake);
    }
}
