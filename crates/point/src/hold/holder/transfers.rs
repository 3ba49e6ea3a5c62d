//! Begins and ends transfers: a few at a time, while there is space.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dray_client::content::{Fetcher, Source};
use dray_client::{ClientApi, ClientError};
use dray_content::ObjectName;
use dray_model::cause::in_full;
use tokio::time::Instant;

use super::super::reconcile::{Fetch, Reconciliation};
use super::super::transfer::{Transfer, TransferError};
use super::{Done, Holder};
use crate::folder::{Folder, HeldObject};

/// A try that brought so much is worth another one soon.
const WORTH_BYTES: u64 = 1 << 20;

/// An object on its way.
pub(super) struct Running {
    done: Arc<AtomicU64>,
    total: u64,
    before: u64,
}

impl Running {
    /// Bytes that are here.
    pub(super) fn bytes(&self) -> u64 {
        self.done.load(Ordering::Relaxed).min(self.total)
    }
}

impl Holder {
    /// Of what is to be fetched, all but what is `held_back`.
    pub(super) async fn begin_transfers(
        &mut self,
        todo: &Reconciliation,
        held_back: &HashSet<ObjectName>,
        now: Instant,
    ) {
        for fetch in todo.fetch.iter().filter(|fetch| !held_back.contains(&fetch.object)) {
            if self.transfers.len() >= self.settings.parallel_transfers.max(1) {
                return;
            }
            if self.transfers.contains_key(&fetch.object) || self.retries.is_waiting(&fetch.object, now) {
                continue;
            }
            match self.has_space_for(*fetch, todo).await {
                Ok(before) => self.begin_transfer(*fetch, before),
                Err(reason) => {
                    self.note_failure(fetch.object, reason, false);
                }
            }
        }
    }

    /// Bytes of the object that are here already, when there is space for the rest.
    async fn has_space_for(&mut self, fetch: Fetch, todo: &Reconciliation) -> Result<u64, String> {
        let object = fetch.object;
        let before = self.folder.partial_bytes(&object).min(fetch.bytes);
        let under_way: u64 = self.transfers.values().map(|running| running.total - running.bytes()).sum();
        let wanted = fetch.bytes - before + under_way;
        let needed = wanted.saturating_add(self.settings.reserve_bytes);
        let mut free = self.on_disk(Folder::free_bytes).await.map_err(|error| in_full(&error))?;
        if free < needed && !todo.unneeded.is_empty() {
            // What nothing needs would go soon anyway.
            self.remove(todo.unneeded.clone()).await;
            free = self.on_disk(Folder::free_bytes).await.map_err(|error| in_full(&error))?;
        }
        if free < needed {
            let reserve = self.settings.reserve_bytes;
            let more = needed - reserve;
            return Err(format!(
                "not enough disk space: {more} bytes needed, {free} free, and {reserve} are kept in reserve"
            ));
        }
        Ok(before)
    }

    fn begin_transfer(&mut self, fetch: Fetch, before: u64) {
        let api = self.wiring.site.borrow().clone();
        let sources = match sources(&api) {
            Ok(sources) => sources,
            Err(error) => {
                self.note_failure(fetch.object, error.in_full(), false);
                return;
            }
        };
        let done = Arc::new(AtomicU64::new(before));
        let transfer = Transfer {
            folder: Arc::clone(&self.folder),
            sources: Fetcher::new(api.http().clone()).with_rate(self.rate.clone()).from(sources),
            fetch,
            done: Arc::clone(&done),
            clock: Arc::clone(&self.clock),
        };
        tracing::debug!(object = %fetch.object, bytes = fetch.bytes, before, "starting a transfer");
        self.transfers.insert(fetch.object, Running { done, total: fetch.bytes, before });
        self.work.spawn(async move { Done::Transferred(fetch.object, transfer.run().await) });
    }

    pub(super) fn transferred(&mut self, object: ObjectName, result: Result<HeldObject, TransferError>) {
        let running = self.transfers.remove(&object);
        match result {
            Ok(held) => {
                tracing::info!(%object, bytes = held.bytes, "received and verified an object");
                self.held.insert(object, held);
                self.retries.succeeded(&object);
            }
            Err(error) => {
                let brought = running.map_or(0, |running| running.bytes().saturating_sub(running.before));
                self.note_failure(object, in_full(&error), brought >= WORTH_BYTES);
            }
        }
    }

    fn note_failure(&mut self, object: ObjectName, reason: String, brought_something: bool) {
        let (now, clock) = (Instant::now(), (self.clock)());
        let log = reason.clone();
        let pause = self.retries.failed(object, reason, brought_something, now, clock);
        tracing::warn!(%object, reason = log, next_try_s = pause.as_secs(), "cannot receive an object");
    }
}

/// Where objects come from: the site.
pub(super) fn sources(api: &ClientApi) -> Result<Vec<Source>, ClientError> {
    let name = "site".parse().expect("it is a name");
    Ok(vec![Source { name, base: api.site_content()? }])
}
