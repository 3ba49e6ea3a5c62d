//! Brings a content into the cache: where is it, what of it is here already, which way costs least, fetch, verify, rename.
//!
//! The ways are an update from something that is held, and the manifest with chunks. An update can only save bytes: whatever goes
//! wrong with it, the manifest goes on in the same staging folder with what is finished there.

mod failure;
mod locate;
mod prepare;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dray_agent_core::{ContentFailure, ContentFailureKind};
use dray_client::ClientApi;
use dray_client::content::{Fetch, Fetcher};
use dray_content::Tree;
use dray_content::assemble::Assembly;
use dray_content::plan::{Offer, choose};
use dray_model::api::client::{ContentLocations, ContentUpdate};
use dray_model::status::SourceBytes;
use dray_model::{Digest, Name};

use super::Cache;
use failure::fetch_failure;
use locate::{locate, sources};
use prepare::Prepared;

/// What a fetch brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes by where they came from, manifest and update included; empty when the content was here.
    pub sources: Vec<SourceBytes>,
    /// Bytes that were taken from other contents: whole files, chunks, and of files built by differences what those don't bring.
    pub reused_bytes: u64,
}

/// Tells how far a fetch is: bytes here, those of earlier tries included, and bytes to come over the wire in all.
pub type OnProgress = dyn Fn(u64, u64) + Send + Sync;

impl Cache {
    /// Brings a content into the cache, going on with what arrived earlier. Of one content, one call at a time.
    ///
    /// Dropping the future stops it; what has arrived is kept.
    ///
    /// # Errors
    /// [`ContentFailure`].
    pub async fn fetch(
        &self,
        site: &ClientApi,
        content: Digest,
        on_progress: &OnProgress,
    ) -> Result<Fetched, ContentFailure> {
        if self.is_complete(content) {
            return Ok(Fetched::default());
        }
        let locations = locate(site, content).await?;
        let fetch = Fetcher::new(site.http().clone()).with_rate(self.rate.clone()).from(sources(&locations)?);
        let errand = Errand { cache: self, fetch, locations, on_progress };
        let reused_bytes = errand.run().await?;
        Ok(Fetched { sources: counted(&errand.fetch), reused_bytes })
    }
}

/// One content to be brought.
struct Errand<'a> {
    cache: &'a Cache,
    fetch: Fetch,
    locations: ContentLocations,
    on_progress: &'a OnProgress,
}

impl Errand<'_> {
    /// Takes the cheapest way; gives the bytes that were reused.
    async fn run(&self) -> Result<u64, ContentFailure> {
        let Some(update) = self.cheapest_update(None) else { return self.by_manifest().await };
        if Tree::is_nothing(&update.from) && self.cache.contents().is_ok_and(|held| !held.is_empty()) {
            // Held contents may have more in common with this one than an update from nothing saves: the manifest tells.
            let prepared = self.prepare_by_manifest().await?;
            if self.cheapest_update(Some(prepared.fetch_bytes)).is_none() {
                return self.assemble(prepared).await;
            }
        }
        match self.by_update(update).await {
            Err(failure) if is_of_the_way(&failure) => {
                let (content, from) = (self.locations.content, update.from);
                tracing::warn!(%content, %from, error = %failure.error, "the update is not usable; continuing with the manifest");
                self.by_manifest().await
            }
            done => done,
        }
    }

    /// The update from something that is held, or from nothing, for which the fewest bytes travel.
    fn cheapest_update(&self, by_manifest_bytes: Option<u64>) -> Option<ContentUpdate> {
        let updates = &self.locations.updates;
        let offers: Vec<Offer> =
            updates.iter().map(|update| Offer { from: update.from, bytes: update.fetch_bytes }).collect();
        let held = self.cache.contents().unwrap_or_default();
        choose(&offers, &held, by_manifest_bytes).map(|number| updates[number])
    }

    async fn by_update(&self, update: ContentUpdate) -> Result<u64, ContentFailure> {
        let fetched = self.fetch.update(update.object, update.bytes).await;
        let bytes = fetched.map_err(|error| fetch_failure(&error))?;
        let (cache, content) = (self.cache.clone(), self.locations.content);
        let prepared = blocking(move || cache.prepare_by_update(content, update.from, &bytes)).await?;
        self.assemble(prepared).await
    }

    async fn by_manifest(&self) -> Result<u64, ContentFailure> {
        let prepared = self.prepare_by_manifest().await?;
        self.assemble(prepared).await
    }

    async fn prepare_by_manifest(&self) -> Result<Prepared, ContentFailure> {
        let fetched = self.fetch.manifest(self.locations.manifest, self.locations.manifest_bytes).await;
        let bytes = fetched.map_err(|error| fetch_failure(&error))?;
        let (cache, content) = (self.cache.clone(), self.locations.content);
        blocking(move || cache.prepare_by_manifest(content, &bytes)).await
    }

    async fn assemble(&self, prepared: Prepared) -> Result<u64, ContentFailure> {
        let Prepared { assembly, disk_bytes, reused_bytes, fetch_bytes, arrived_bytes } = prepared;
        let (cache, content) = (self.cache, self.locations.content);
        let (done, total) = (AtomicU64::new(arrived_bytes), arrived_bytes + fetch_bytes);
        let on_bytes = |_: &Name, bytes: u64| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            (self.on_progress)(done.min(total), total);
        };
        let assembly = Arc::new(Mutex::new(assembly));
        let assembled = self.fetch.assemble(Arc::clone(&assembly), cache.tree(content), &on_bytes).await;
        tell_damage(&assembly.lock().unwrap_or_else(PoisonError::into_inner));
        assembled.map_err(|error| cache.tree_failure(error, disk_bytes, content))?;
        Ok(reused_bytes)
    }
}

/// The damaged trees are checked before anything runs from them, and repaired then; here it is only told.
fn tell_damage(assembly: &Assembly) {
    for held in assembly.damaged() {
        tracing::warn!(content = %held.tree, file = %held.path, "skipped a damaged local file");
    }
}

/// Whether another way to the same content may succeed where one failed.
const fn is_of_the_way(failure: &ContentFailure) -> bool {
    !matches!(failure.kind, ContentFailureKind::DiskFull { .. } | ContentFailureKind::Unsupported { .. })
}

fn counted(fetch: &Fetch) -> Vec<SourceBytes> {
    let sources = fetch.report().sources.into_iter().filter(|source| source.bytes > 0);
    sources.map(|source| SourceBytes { source: source.name, bytes: source.bytes }).collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ContentFailure> + Send + 'static,
) -> Result<T, ContentFailure> {
    let stopped =
        |error: tokio::task::JoinError| failure::failure(ContentFailureKind::SourcesFailed, error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}
