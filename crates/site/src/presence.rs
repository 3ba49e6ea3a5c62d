//! When devices were last heard of, and which of them hold a request now, so that a nudge reaches them.
//!
//! Kept in memory: hearing of a device costs no write. [`Flusher`] writes what is new in one statement every [`FLUSH`]; a process that
//! is killed loses that much.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dray_model::api::device::DeviceView;
use dray_model::{DeviceId, Timestamp};
use dray_store::StoreError;

use crate::site::Site;

/// How often new instants are written.
pub const FLUSH: Duration = Duration::from_secs(15);
/// Devices in one statement.
const BATCH: usize = 10_000;

/// Presence of devices at this process.
#[derive(Debug, Default)]
pub struct Presence {
    /// Not yet written.
    seen: Mutex<HashMap<DeviceId, Timestamp>>,
    /// Requests that each device holds.
    held: Mutex<HashMap<DeviceId, u32>>,
}

impl Presence {
    /// Notes that the device was heard of.
    pub fn seen(&self, device: DeviceId, at: Timestamp) {
        lock(&self.seen).entry(device).and_modify(|latest| *latest = at.max(*latest)).or_insert(at);
    }

    /// The device holds a request until the answer is dropped.
    pub fn hold(self: &Arc<Self>, device: DeviceId) -> Held {
        *lock(&self.held).entry(device).or_default() += 1;
        Held { presence: Arc::clone(self), device }
    }

    /// Whether the device holds a request.
    #[must_use]
    pub fn is_connected(&self, device: DeviceId) -> bool {
        lock(&self.held).contains_key(&device)
    }

    /// Puts what is known here into what the database knows.
    pub(crate) fn complete(&self, view: &mut DeviceView) {
        view.seen_at = view.seen_at.max(lock(&self.seen).get(&view.id).copied());
        view.connected = self.is_connected(view.id);
    }

    /// Writes what is new. What can't be written is kept for the next time.
    ///
    /// # Errors
    /// The database's.
    pub async fn flush(&self, site: &Site) -> Result<(), StoreError> {
        let new: Vec<_> = std::mem::take(&mut *lock(&self.seen)).into_iter().collect();
        for (place, batch) in new.chunks(BATCH).enumerate() {
            if let Err(error) = write(site, batch).await {
                new[place * BATCH..].iter().for_each(|(device, at)| self.seen(*device, *at));
                return Err(error);
            }
        }
        Ok(())
    }
}

async fn write(site: &Site, batch: &[(DeviceId, Timestamp)]) -> Result<(), StoreError> {
    let mut tx = site.db().write_beside_others().await?;
    dray_store::device::seen(&mut tx, batch).await?;
    tx.commit().await
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request that a device holds.
#[derive(Debug)]
#[must_use = "the device counts as connected until this is dropped"]
pub struct Held {
    presence: Arc<Presence>,
    device: DeviceId,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = lock(&self.presence.held);
        if let Some(count) = held.get_mut(&self.device) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.device);
            }
        }
    }
}

/// Writes new instants from time to time. Stops when dropped.
#[derive(Debug)]
pub struct Flusher {
    task: tokio::task::JoinHandle<()>,
}

impl Flusher {
    /// Begins to write.
    #[must_use]
    pub fn start(site: Site) -> Self {
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(FLUSH).await;
                if let Err(error) = site.presence().flush(&site).await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot record when devices were last seen"
                    );
                }
            }
        });
        Self { task }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn device() -> DeviceId {
        DeviceId::from_random(7)
    }

    #[test]
    fn a_device_is_connected_while_it_holds_any_request() {
        let presence = Arc::new(Presence::default());
        let (first, second) = (presence.hold(device()), presence.hold(device()));
        drop(first);
        assert!(presence.is_connected(device()));
        drop(second);
        assert!(!presence.is_connected(device()) && lock(&presence.held).is_empty());
    }

    #[tokio::test]
    async fn instants_are_written_once_and_kept_when_they_cannot_be() {
        let test = testing::site().await;
        let (site, presence) = (&test.site, test.site.presence());
        let mut tx = site.db().write().await.unwrap();
        dray_store::device::insert(&mut tx, device(), &"pc".parse().unwrap(), site.now()).await.unwrap();
        tx.commit().await.unwrap();
        let at = Timestamp::from_secs(1_800_000_000);
        presence.seen(device(), at);
        presence.flush(site).await.unwrap();
        let found = dray_store::device::find(&mut site.db().read().await.unwrap(), device()).await.unwrap();
        assert_eq!(found.unwrap().seen_at, Some(at));
        assert!(lock(&presence.seen).is_empty());
        presence.seen(device(), at);
        site.close().await;
        assert!(presence.flush(site).await.is_err());
        assert_eq!(lock(&presence.seen).get(&device()), Some(&at));
    }
}
