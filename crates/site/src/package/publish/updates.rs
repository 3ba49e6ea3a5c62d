//! Prepares updates to a content that is about to be published, from the versions that are really out there.
//!
//! Clients get on without: a pair that can't be prepared is logged and left to the background, and the release goes out.

use std::error::Error;
use std::sync::Arc;

use dray_model::Digest;
use dray_model::api::content::UpdateLevel;
use dray_model::api::package::PackageView;
use dray_store::content::improvement::{self, VersionInUse};
use dray_store::content::update;

use super::read::Files;
use super::store::in_the_way;
use crate::change::Change;
use crate::content;
use crate::content::Improve;
use crate::content::prepare::{self, Pair, StoredObjects, UnpreparedError};
use crate::error::SiteError;
use crate::job::{JobFailure, Progress};
use crate::site::Site;

/// Source versions that updates are prepared from: the newest, and five more that somebody holds.
const VERSIONS_MAX: u32 = 6;

/// What came of the preparation.
#[derive(Debug, Default)]
pub(super) struct Updates {
    tried: Vec<Tried>,
    /// Something is left to be done in the background.
    is_unfinished: bool,
}

/// A pair that was prepared.
#[derive(Debug)]
struct Tried {
    from: Digest,
    /// Its update, when that is worth having.
    stored: Option<StoredObjects>,
}

/// Prepares them and puts their objects into the store.
pub(super) async fn prepare(site: &Site, package: &PackageView, files: &Files, progress: &Progress) -> Updates {
    let mut updates = Updates::default();
    let versions = match untried(site, package, files).await {
        Ok(versions) => versions,
        Err(error) => {
            updates.left(package, &error);
            return updates;
        }
    };
    if versions.is_empty() {
        return updates;
    }
    let to = Arc::new(files.ingested.manifest.clone());
    for version in versions {
        match prepare_one(site, version, Arc::clone(&to), files, progress).await {
            Ok(stored) => updates.tried.push(Tried { from: version.content, stored }),
            Err(error) => updates.left(package, &error),
        }
    }
    updates
}

/// The versions that somebody may hold and from which no update was prepared yet, one for each content.
async fn untried(site: &Site, package: &PackageView, files: &Files) -> Result<Vec<VersionInUse>, SiteError> {
    let to = files.ingested.content;
    let mut snapshot = site.db().read().await?;
    let mut versions = improvement::versions_in_use(&mut snapshot, &package.name, &to, VERSIONS_MAX).await?;
    let mut seen = update::tried(&mut snapshot, &to).await?;
    versions.retain(|version| seen.insert(version.content, UpdateLevel::Publish).is_none());
    Ok(versions)
}

async fn prepare_one(
    site: &Site,
    version: VersionInUse,
    to: Arc<dray_content::Manifest>,
    files: &Files,
    progress: &Progress,
) -> Result<Option<StoredObjects>, UnpreparedError> {
    let from = Arc::new(content::load(site, version.content, version.manifest).await?);
    let pair = Pair {
        from,
        to,
        to_manifest: files.ingested.manifest_digest,
        folder: Some(files.source.clone()),
        level: UpdateLevel::Publish,
    };
    let doing = format!("preparing the update from version {}", version.source_version);
    prepare::prepare(site, pair, &files.work(), None, &doing, progress).await
}

impl Updates {
    fn left(&mut self, package: &PackageView, error: &dyn Error) {
        let error = JobFailure::passing(error);
        tracing::warn!(%error, package = %package.name, "publishing without an update; it will be prepared in the background");
        metrics::counter!("dray_content_updates_failed_total").increment(1);
        self.is_unfinished = true;
    }

    /// Keeps them beside the content `to`, which is known by now, and has the background go on where that is worth it.
    pub(super) async fn keep(
        self,
        change: &mut Change<'_>,
        package: &PackageView,
        to: &Digest,
    ) -> Result<(), JobFailure> {
        for tried in self.tried {
            match tried.stored {
                Some(stored) => {
                    if !stored.keep(change).await? {
                        return Err(in_the_way());
                    }
                }
                None => update::note_tried(change, to, &tried.from, UpdateLevel::Publish).await?,
            }
        }
        Ok(Improve::after_publish(change, &package.name, to, self.is_unfinished).await?)
    }
}
