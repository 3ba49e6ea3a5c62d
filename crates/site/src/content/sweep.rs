//! Removes from the content store what no release needs: after the deletion of a package, and what broken uploads left behind.
//!
//! An object is marked in one transaction, removed from the store, and forgotten in the next: a crash in between is made good by the
//! next sweep, and no upload takes a marked object for one that is there.

use std::time::{Duration, SystemTime};

use dray_model::ObjectKind;
use dray_model::api::package::JobStarted;
use dray_model::count::counted;
use futures_util::StreamExt as _;
use object_store::ObjectStoreExt as _;
use serde_json::json;

use super::{failed, location, staging};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::error::SiteError;
use crate::job::{JobFailure, JobKind, Nothing, Progress};
use crate::object::Object;
use crate::package::index;
use crate::record::Record;
use crate::site::Site;
use dray_store::StoreError;
use dray_store::content::StoredObject;

/// One for the whole site.
const KEY: &str = "site";
/// An upload that began so long ago has ended, whatever became of it.
pub(super) const UPLOAD_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Objects removed between two transactions.
const BATCH: u32 = 100;
/// Removals side by side.
const PARALLEL: usize = 8;

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Sweep;

/// Asks for a sweep now.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn sweep(site: &Site, actor: &Actor) -> Result<JobStarted, SiteError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Content))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Content)).await?;
    let job = change.enqueue::<Sweep>(Some(KEY), &Nothing {}).await?;
    let store = Object::new(ObjectKind::Content, "store");
    change.record(Record::done(store, "sweep", json!({ "new": { "job": job } })));
    change.commit().await?;
    Ok(JobStarted { job })
}

impl Sweep {
    /// Asks for a sweep as soon as the change is committed.
    pub(crate) async fn soon(change: &mut Change<'_>) -> Result<(), StoreError> {
        change.enqueue::<Self>(Some(KEY), &Nothing {}).await.map(drop)
    }

    /// Asks for a sweep once uploads that begin now have surely ended.
    pub(crate) async fn after_uploads(change: &mut Change<'_>) -> Result<(), StoreError> {
        let later = change.now() + UPLOAD_MAX + Duration::from_secs(60);
        change.enqueue_at::<Self>(Some(KEY), &Nothing {}, later).await.map(drop)
    }
}

impl JobKind for Sweep {
    const KIND: &'static str = "content-sweep";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, progress: &Progress) -> Result<(), JobFailure> {
        remove_staging(site).await?;
        forget_sources(site).await?;
        let (mut removed, mut bytes) = (0, 0);
        loop {
            let picked = pick(site).await?;
            if picked.is_empty() {
                tracing::info!(removed, bytes, "cleaned up the content store");
                progress.tell(&format!("deleted {}", counted(removed, "unused object")), bytes, None);
                return Ok(again(site).await?);
            }
            let mut removals = futures_util::stream::iter(picked.clone())
                .map(|object| remove(site.clone(), object.name))
                .buffer_unordered(PARALLEL);
            while let Some(result) = removals.next().await {
                result?;
            }
            forget(site, &picked).await?;
            removed += picked.len() as u64;
            bytes += picked.iter().map(|object| object.size_bytes).sum::<u64>();
            progress.tell("deleting objects", bytes, None);
        }
    }
}

/// Removes staging folders of packages that nobody publishes, and what is left of broken uploads of objects.
async fn remove_staging(site: &Site) -> Result<(), SiteError> {
    let found = staging::leftovers(site).map_err(staging_failed)?;
    for (package, path) in found {
        let package = dray_store::package::find(&mut site.db().read().await?, &package).await?;
        if package.is_none_or(|package| package.publishing.is_none()) {
            staging::remove(&path).map_err(staging_failed)?;
        }
    }
    let old = site.now() - UPLOAD_MAX;
    let old = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(old.micros()).unwrap_or(0));
    staging::remove_received(site, old).map_err(staging_failed)
}

/// Removes what was kept of the source folders of packages that are no more.
async fn forget_sources(site: &Site) -> Result<(), SiteError> {
    for package in index::all(site).map_err(staging_failed)? {
        if dray_store::package::find(&mut site.db().read().await?, &package).await?.is_none() {
            index::forget(site, &package).map_err(staging_failed)?;
        }
    }
    Ok(())
}

fn staging_failed(error: std::io::Error) -> SiteError {
    failed("delete a staging folder")(object_store::Error::Generic { store: "staging", source: Box::new(error) })
}

/// Asks for the next sweep: an upload under way may break.
async fn again(site: &Site) -> Result<(), SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    Sweep::after_uploads(&mut change).await?;
    change.commit_unrecorded().await?;
    Ok(())
}

async fn pick(site: &Site) -> Result<Vec<StoredObject>, SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    let now = change.now();
    let picked = dray_store::content::begin_removal(&mut change, now - UPLOAD_MAX, now, BATCH).await?;
    change.commit_unrecorded().await?;
    Ok(picked)
}

async fn remove(site: Site, name: String) -> Result<(), SiteError> {
    let Ok(object) = name.parse() else { return Ok(()) };
    match site.content().delete(&location(&object)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(failed("delete an object")(error)),
    }
}

async fn forget(site: &Site, objects: &[StoredObject]) -> Result<(), SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    dray_store::content::removed(&mut change, objects).await?;
    change.commit_unrecorded().await?;
    Ok(())
}
