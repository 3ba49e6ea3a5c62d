//! The job that reads a source folder and publishes what is in it as the package's next source version.
//!
//! Reading, storing and preparing updates happen outside of any transaction; one transaction at the end makes the release. A job that is
//! interrupted leaves a staging folder and perhaps unused objects, which the next attempt or the sweep removes.

pub(crate) mod index;
mod read;
mod store;
mod updates;

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::package::PackageView;
use dray_model::package::NotCarried;
use dray_store::package;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::read::Files;
pub(crate) use self::read::KNOWN_VERSIONS;
use self::store::Stored;
use self::updates::Updates;
use super::{PackageError, object};
use crate::actor::{Actor, Permission};
use crate::error::{Class, Failure as _};
use crate::job::{JobFailure, JobKind, Progress};
use crate::record::Record;
use crate::release;
use crate::site::Site;

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Publish;

/// What to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishPackage {
    /// The package.
    pub package: Name,
    /// Read every file, unchanged or not.
    #[serde(default)]
    pub checksum: bool,
    /// Publish even if nothing is new but times.
    #[serde(default)]
    pub times: bool,
}

impl JobKind for Publish {
    const KIND: &'static str = package::PUBLISH_JOB;
    type Payload = PublishPackage;

    async fn run(&self, site: &Site, payload: PublishPackage, progress: &Progress) -> Result<(), JobFailure> {
        let found = package::find(&mut site.db().read().await?, &payload.package).await?;
        let Some(package) = found else { return Ok(()) };
        let Some(source) = package.source.clone() else { return Ok(()) };
        let files = read::read(site, &package, source.into(), payload.checksum, progress).await?;
        if is_newest(&package, &files) {
            progress.tell(
                "nothing to publish: the source is the same as in the newest release",
                files.bytes(),
                Some(files.bytes()),
            );
            return Ok(());
        }
        if !payload.times && files.differ_in_times_alone() {
            progress.tell(
                "nothing to publish: only modification times have changed since the newest release; \
                 publish anyway with dray package update PACKAGE --times",
                files.bytes(),
                Some(files.bytes()),
            );
            return Ok(());
        }
        let stored = store::store(site, &files, progress).await?;
        let updates = updates::prepare(site, &package, &files, progress).await;
        commit(site, &package.name, &files, stored, updates).await?;
        metrics::counter!("dray_content_ingested_bytes_total").increment(files.bytes());
        progress.tell(&published(&files.ingested.not_carried), files.bytes(), Some(files.bytes()));
        Ok(())
    }
}

fn is_newest(package: &PackageView, files: &Files) -> bool {
    let newest = package.release.as_ref().and_then(|release| release.content.as_ref());
    newest.is_some_and(|content| content.digest == files.content().digest)
}

/// What was done, and what of the source no client will have.
fn published(not_carried: &[NotCarried]) -> String {
    if not_carried.is_empty() {
        return "published".to_owned();
    }
    let each: Vec<_> = not_carried.iter().map(ToString::to_string).collect();
    format!("published; not preserved: {}", each.join(", "))
}

/// Publishes, unless the package was deleted, or got the same content from another job, while its source was read.
async fn commit(site: &Site, name: &Name, files: &Files, stored: Stored, updates: Updates) -> Result<(), JobFailure> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Package)).await?;
    let Some(package) = package::find(&mut change, name).await? else { return Ok(()) };
    if is_newest(&package, files) {
        return Ok(());
    }
    let manifest = store::keep(&mut change, files, stored).await?;
    updates.keep(&mut change, &package, &files.ingested.content).await?;
    let not_carried = files.ingested.not_carried.clone();
    let files = release::Files::New { content: files.content(), manifest, not_carried, new_bytes: stored.new_bytes() };
    let made = release::publish(&mut change, &package, files).await.map_err(|error| failure(&error.into()))?;
    change.record(Record::done(object(name), "publish", json!({ "former": package.release, "new": made })));
    change.commit().await?;
    Ok(())
}

fn failure(error: &PackageError) -> JobFailure {
    match error.class() {
        Class::Busy | Class::Internal => JobFailure::passing(error),
        _ => JobFailure::permanent(error),
    }
}

#[cfg(test)]
mod tests;
