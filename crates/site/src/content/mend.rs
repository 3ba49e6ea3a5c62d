//! Makes damaged and missing objects again: manifests by reading source folders as they were read when they were published, packs from
//! what is left of them and from source folders. Updates are dropped, so that receivers do without, and prepared again.
//!
//! An object is replaced only by bytes that have its digest. What can't be made again stays noted, with what to do about it.

mod manifest;
mod pack;

use dray_content::ObjectName;
use dray_model::ObjectKind;
use dray_store::content::damage;
use dray_store::content::damage::Publisher;

use super::staging::Staging;
use super::upload::{self, Upload};
use super::{Improve, Sweep};
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::job::{JobFailure, Progress};
use crate::site::Site;

/// Where else a good object may be.
const ELSEWHERE: &str = "import an intact copy with dray content import FOLDER, from an export, another store, or the folder of a distribution point";

/// Mends what is known to be damaged, and tells how many objects it made again. What can't be mended is left as it is, and noted.
pub(super) async fn mend(site: &Site, progress: &Progress) -> Result<u64, JobFailure> {
    let damaged = damage::list(&mut site.db().read().await?).await?;
    let mut names: Vec<ObjectName> = damaged.iter().filter_map(|damaged| damaged.object.parse().ok()).collect();
    // Manifests first: they tell what is in packs.
    names.sort_unstable();
    let (total, mut mended) = (names.len() as u64, 0);
    for (done, name) in names.into_iter().enumerate() {
        progress.tell("repairing objects", done as u64, Some(total));
        drop_updates(site, &name).await?;
        let publishers = damage::publishers(&mut site.db().read().await?, &name.to_string()).await?;
        if publishers.is_empty() {
            // Nothing needs it any more, so the sweep takes it.
            continue;
        }
        let staging = Staging::mending(site).map_err(|error| JobFailure::passing(&error))?;
        let made = match name {
            ObjectName::Manifest(digest) => manifest::make(site, &digest, &publishers, &staging, progress).await?,
            ObjectName::Pack(digest) => pack::make(site, &digest, &publishers, &staging).await?,
            ObjectName::Update(_) | ObjectName::ManifestDifference(_) => continue,
        };
        match made {
            Made::Good(upload) => mended += u64::from(replace(site, &name, upload).await?),
            Made::Not(why) => note(site, &name, &format!("{why}; {ELSEWHERE}")).await?,
        }
    }
    Ok(mended)
}

/// What came of an attempt.
enum Made {
    /// Bytes with the right digest.
    Good(Upload),
    /// None, for this reason.
    Not(String),
}

/// Drops updates that lean on an object and has better ones prepared.
async fn drop_updates(site: &Site, name: &ObjectName) -> Result<(), SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    let contents = damage::drop_updates(&mut change, &name.to_string()).await?;
    if contents.is_empty() {
        return Ok(());
    }
    for content in &contents {
        Improve::ask(&mut change, content).await?;
        // Points are not to fetch it, so they must hear of it.
        change.concerns_points_with(content).await?;
    }
    Sweep::soon(&mut change).await?;
    tracing::warn!(object = %name, updates_to = contents.len(), "dropped updates that depend on a damaged object");
    Ok(change.commit_unrecorded().await?)
}

/// False when it is just being removed: nothing needs it any more.
async fn replace(site: &Site, name: &ObjectName, upload: Upload) -> Result<bool, SiteError> {
    let uploads = [(*name, upload)];
    if !upload::begin(site, &uploads).await? {
        return Ok(false);
    }
    let [(name, upload)] = uploads;
    upload::replace(site, &name, upload).await?;
    metrics::counter!("dray_content_mended_objects_total").increment(1);
    Ok(true)
}

async fn note(site: &Site, name: &ObjectName, hint: &str) -> Result<(), SiteError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    damage::note_hint(&mut change, &name.to_string(), hint).await?;
    Ok(change.commit_unrecorded().await?)
}

/// The publishers with a source folder that is there. Looks at the disk.
fn with_source(publishers: &[Publisher]) -> impl Iterator<Item = (&Publisher, &std::path::Path)> {
    let with_source = publishers.iter().filter_map(|publisher| Some((publisher, publisher.source.as_deref()?)));
    with_source
        .map(|(publisher, source)| (publisher, std::path::Path::new(source)))
        .filter(|(_, source)| source.is_dir())
}

/// The versions in words: `editor@3, editor@2`.
fn versions(publishers: &[Publisher]) -> String {
    let names: Vec<_> = publishers.iter().map(|by| format!("{}@{}", by.package, by.source_version)).collect();
    names.join(", ")
}
