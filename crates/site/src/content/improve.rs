//! Prepares updates in the background as well as can be: to what many receive or somebody asked for, from the versions that are out
//! there and from nothing. One at a time.
//!
//! Which contents wait is in the database. A pair is prepared once at this level; its update takes the place of a former one when
//! it moves fewer bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use dray_content::{Manifest, Tree};
use dray_model::ObjectKind;
use dray_model::api::content::UpdateLevel;
use dray_model::{Digest, JobId, Name};
use dray_store::StoreError;
use dray_store::content::improvement::{self, Wanted};
use dray_store::content::update;

use super::prepare::{self, Pair, StoredObjects, UnpreparedError};
use super::staging::Staging;
use super::upload::load;
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::error::SiteError;
use crate::job::{JobFailure, JobKind, Nothing, Progress};
use crate::site::Site;

/// One for the whole site.
const KEY: &str = "site";
/// Devices from which on the work is worth it without being asked for: at 50 receivers a minute of the site's processor saves each
/// some percent of its download, which is more than the minute for all of them together.
const RECEIVERS_MIN: u64 = 50;
/// Source versions of each package that updates are prepared from.
const VERSIONS_MAX: u32 = 6;
/// Tries before a content is given up.
const TRIES_MAX: u32 = 5;

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Improve;

impl Improve {
    /// Has the background work on a content that is just published, when something was left to it or many will receive it.
    pub(crate) async fn after_publish(
        change: &mut Change<'_>,
        package: &Name,
        content: &Digest,
        is_unfinished: bool,
    ) -> Result<(), StoreError> {
        if is_unfinished || improvement::receivers(change, package).await? >= RECEIVERS_MIN {
            Self::ask(change, content).await?;
        }
        Ok(())
    }

    /// Has the background work on a content.
    pub(crate) async fn ask(change: &mut Change<'_>, content: &Digest) -> Result<JobId, StoreError> {
        let now = change.now();
        improvement::want(change, content, now).await?;
        change.enqueue::<Self>(Some(KEY), &Nothing {}).await
    }

    /// Has the background work on what many receive by now and was not worked on.
    pub(crate) async fn for_many_receivers(change: &mut Change<'_>) -> Result<(), StoreError> {
        let now = change.now();
        if improvement::want_for_many(change, RECEIVERS_MIN, now).await? > 0 {
            change.enqueue::<Self>(Some(KEY), &Nothing {}).await?;
        }
        Ok(())
    }
}

impl JobKind for Improve {
    const KIND: &'static str = "content-improve";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, progress: &Progress) -> Result<(), JobFailure> {
        while let Some(wanted) = begin(site).await? {
            match improve(site, &wanted, progress).await {
                Ok(()) => end(site, &wanted).await?,
                Err(error) if wanted.attempts >= TRIES_MAX => {
                    let error = JobFailure::permanent(&error);
                    tracing::warn!(%error, content = %wanted.content, "cannot improve the updates to a content; giving up");
                    end(site, &wanted).await?;
                }
                Err(error) => return Err(JobFailure::passing(&error)),
            }
        }
        Ok(())
    }
}

async fn begin(site: &Site) -> Result<Option<Wanted>, SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    let wanted = improvement::begin(&mut change).await?;
    change.commit_unrecorded().await?;
    Ok(wanted)
}

async fn end(site: &Site, wanted: &Wanted) -> Result<(), SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    improvement::end(&mut change, &wanted.content).await?;
    Ok(change.commit_unrecorded().await?)
}

/// A tree to prepare from.
struct Base {
    /// In words.
    what: String,
    content: Digest,
    /// Its manifest object; none of the empty tree.
    manifest: Option<Digest>,
}

async fn improve(site: &Site, wanted: &Wanted, progress: &Progress) -> Result<(), UnpreparedError> {
    let (bases, former) = bases(site, wanted).await?;
    if bases.is_empty() {
        return Ok(());
    }
    let to = Arc::new(load(site, wanted.content, wanted.manifest).await?);
    let staging = Staging::improving(site)
        .map_err(|source| UnpreparedError::Folder { folder: site.dir().join("improving"), source })?;
    for base in bases {
        let from = Arc::new(match base.manifest {
            Some(manifest) => load(site, base.content, manifest).await?,
            None => Manifest::default(),
        });
        let pair = Pair {
            from,
            to: Arc::clone(&to),
            to_manifest: wanted.manifest,
            folder: None,
            level: UpdateLevel::Background,
        };
        let doing = format!("preparing the update from {}", base.what);
        let at_most = former.get(&base.content).copied();
        let better = prepare::prepare(site, pair, staging.path(), at_most, &doing, progress).await?;
        keep(site, &wanted.content, &base.content, better).await?;
    }
    Ok(())
}

/// From where updates to the content are worth preparing, and what those that are there move.
async fn bases(site: &Site, wanted: &Wanted) -> Result<(Vec<Base>, BTreeMap<Digest, u64>), SiteError> {
    let mut snapshot = site.db().read().await?;
    let mut bases = Vec::new();
    for package in improvement::packages_with(&mut snapshot, &wanted.content).await? {
        for version in improvement::versions_in_use(&mut snapshot, &package, &wanted.content, VERSIONS_MAX).await? {
            let what = format!("version {} of {package}", version.source_version);
            bases.push(Base { what, content: version.content, manifest: Some(version.manifest) });
        }
    }
    bases.push(Base { what: "nothing".to_owned(), content: Tree::default().digest(), manifest: None });
    let mut tried = update::tried(&mut snapshot, &wanted.content).await?;
    bases.retain(|base| tried.insert(base.content, UpdateLevel::Background) != Some(UpdateLevel::Background));
    let former = update::find_all(&mut snapshot, &[wanted.content]).await?;
    Ok((bases, former.into_iter().map(|update| (update.from, update.fetch_bytes)).collect()))
}

async fn keep(site: &Site, to: &Digest, from: &Digest, better: Option<StoredObjects>) -> Result<(), UnpreparedError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    if dray_store::content::find(&mut change, to).await.map_err(SiteError::from)?.is_none() {
        // Deleted meanwhile.
        return Ok(());
    }
    let kept = keep_in(&mut change, to, from, better).await.map_err(SiteError::from)?;
    if !kept {
        return Err(UnpreparedError::InTheWay);
    }
    Ok(change.commit_unrecorded().await.map_err(SiteError::from)?)
}

async fn keep_in(
    change: &mut Change<'_>,
    to: &Digest,
    from: &Digest,
    better: Option<StoredObjects>,
) -> Result<bool, StoreError> {
    let Some(better) = better else {
        update::note_tried(change, to, from, UpdateLevel::Background).await?;
        return Ok(true);
    };
    // Points are to hold it, so they must hear of it.
    change.concerns_points_with(to).await?;
    better.keep(change).await
}

#[cfg(test)]
mod tests;
