//! Brings a content into the cache: where is it, what is in it, what of it is here already, fetch the rest, verify, rename.

use std::sync::{Arc, Mutex};

use dray_agent_core::{ContentFailure, ContentFailureKind};
use dray_client::ClientApi;
use dray_client::content::{Fetch, FetchError, Fetcher, Source, TreeError};
use dray_client::error::{ErrorClass, in_full};
use dray_content::assemble::{AssembleError, Assembly};
use dray_content::plan::{FetchOptions, plan};
use dray_content::{Limits, Manifest};
use dray_model::api::client::ContentLocations;
use dray_model::status::SourceBytes;
use dray_model::{Digest, Name};

use super::Cache;
use crate::durable;

/// Ranges in flight are what a fetch has in memory; an agent is small, and adjoining ranges go in one request anyway.
const OPTIONS: FetchOptions = FetchOptions { gap_bytes_max: 64 << 10, range_bytes_max: 512 << 10 };

/// What a fetch brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes by where they came from, manifest included; empty when the content was here.
    pub sources: Vec<SourceBytes>,
    /// Bytes that were taken from other contents.
    pub reused_bytes: u64,
}

/// Tells how far a fetch is: bytes here and bytes to come over the wire in all.
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
        let fetch = Fetcher::new(site.http().clone()).from(sources(&locations)?);
        let manifest = fetch
            .manifest(locations.manifest, locations.manifest_bytes)
            .await
            .map_err(|error| fetch_failure(&error))?;
        let cache = self.clone();
        let prepared = blocking(move || cache.prepare(content, &manifest)).await?;
        let Prepared { assembly, disk_bytes, reused_bytes, fetch_bytes } = prepared;
        let done = std::sync::atomic::AtomicU64::new(0);
        let on_bytes = |_: &Name, bytes: u64| {
            let done = done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed) + bytes;
            on_progress(done.min(fetch_bytes), fetch_bytes);
        };
        let assembled = fetch.assemble(Arc::new(Mutex::new(assembly)), self.tree(content), &on_bytes).await;
        assembled.map_err(|error| self.tree_failure(error, disk_bytes, content))?;
        Ok(Fetched { sources: counted(&fetch), reused_bytes })
    }

    /// Keeps the manifest, decides what comes from where and makes sure that there is room. Blocks.
    fn prepare(&self, content: Digest, manifest: &[u8]) -> Result<Prepared, ContentFailure> {
        let damaged = |error: String| failure(ContentFailureKind::Damaged, error);
        let want = Manifest::decode(manifest, &content, &Limits::default())
            .map_err(|error| damaged(format!("the manifest: {}", in_full(&error))))?;
        // A tree without its manifest is none: either the former is on its way out or the latter was lost.
        let stray = self.tree(content);
        if stray.exists() {
            self.set_damaged(content);
        }
        let staging = self.staging(content);
        let held = self.held_for(content);
        let have: Vec<_> = held.manifests.iter().map(|(id, manifest)| (*id, manifest)).collect();
        let plan = plan(&Arc::new(want), &have, OPTIONS).map_err(|error| damaged(in_full(&error)))?;
        let totals = plan.totals;
        self.make_sure_of_room(totals.disk_bytes, &staging)?;
        tracing::debug!(%content, plan = %plan.explain(), "planned");
        let write = |error| self.tree_failure(TreeError::Assemble(error), totals.disk_bytes, content);
        let path = self.manifest(content);
        durable::replace(&path, manifest).map_err(|source| write(AssembleError::Write { path, source }))?;
        let assembly = Assembly::open(&staging, plan, held.roots).map_err(write)?;
        let fetch_bytes = assembly.missing().iter().map(|range| range.length).sum();
        let reused_bytes = totals.copied_bytes + totals.reused_bytes;
        Ok(Prepared { assembly, disk_bytes: totals.disk_bytes, reused_bytes, fetch_bytes })
    }

    fn tree_failure(&self, error: TreeError, disk_bytes: u64, content: Digest) -> ContentFailure {
        let text = in_full(&error);
        match error {
            TreeError::Fetch(error) => fetch_failure(&error),
            TreeError::Assemble(AssembleError::DiskFull(_)) => self.found_full(disk_bytes, &self.staging(content)),
            TreeError::Assemble(AssembleError::Write { source, .. })
                if matches!(source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) =>
            {
                self.found_full(disk_bytes, &self.staging(content))
            }
            TreeError::Assemble(AssembleError::WrongRecipe(_)) | TreeError::Lost(_) => {
                failure(ContentFailureKind::Damaged, text)
            }
            TreeError::Assemble(_) | TreeError::Unsteady | TreeError::Stopped(_) => {
                failure(ContentFailureKind::SourcesFailed, text)
            }
        }
    }
}

/// A tree that can be filled.
struct Prepared {
    assembly: Assembly,
    disk_bytes: u64,
    reused_bytes: u64,
    fetch_bytes: u64,
}

async fn locate(site: &ClientApi, content: Digest) -> Result<ContentLocations, ContentFailure> {
    let unreachable = |error: dray_client::ClientError| failure(ContentFailureKind::SiteUnreachable, error.in_full());
    let locations = site.locations(vec![content]).await.map_err(unreachable)?;
    let found = locations.contents.into_iter().find(|found| found.content == content && !found.sources.is_empty());
    found.ok_or_else(|| failure(ContentFailureKind::NoSource, "the site knows no source of it".to_owned()))
}

/// The sources whose addresses can be used.
fn sources(locations: &ContentLocations) -> Result<Vec<Source>, ContentFailure> {
    let mut usable = Vec::new();
    for source in locations.sources.iter().cloned() {
        match Source::try_from(source) {
            Ok(source) => usable.push(source),
            Err(error) => tracing::warn!(%error, "the site names a source that can't be used"),
        }
    }
    if usable.is_empty() {
        return Err(failure(ContentFailureKind::NoSource, "no source has an address that can be used".to_owned()));
    }
    Ok(usable)
}

fn fetch_failure(error: &FetchError) -> ContentFailure {
    let kind = match error.class() {
        ErrorClass::Damaged => ContentFailureKind::Damaged,
        _ => ContentFailureKind::SourcesFailed,
    };
    failure(kind, in_full(error))
}

fn counted(fetch: &Fetch) -> Vec<SourceBytes> {
    let sources = fetch.report().sources.into_iter().filter(|source| source.bytes > 0);
    sources.map(|source| SourceBytes { source: source.name, bytes: source.bytes }).collect()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ContentFailure> + Send + 'static,
) -> Result<T, ContentFailure> {
    let stopped = |error: tokio::task::JoinError| failure(ContentFailureKind::SourcesFailed, error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

fn failure(kind: ContentFailureKind, error: String) -> ContentFailure {
    ContentFailure { kind, error }
}
