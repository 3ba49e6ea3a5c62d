//! Updates a package: its source folder is read again, and what changed becomes the next source version.

use dray_model::Name;
use dray_model::api::package::{JobStarted, UpdatePackage};
use serde_json::json;

use super::{KIND, PackageError, Publish, PublishPackage, source};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Asks for the update. A job that waits already does it, and reads every file, or publishes times, if one of those who asked
/// wanted that; one that reads at
/// this moment is followed by another, because it may have passed what changed since.
///
/// # Errors
/// [`PackageError::NotFound`], [`PackageError::NoSource`], [`PackageError::SourceUnusable`].
pub async fn update(site: &Site, actor: &Actor, name: &Name, how: UpdatePackage) -> Result<JobStarted, PackageError> {
    let not_found = || PackageError::NotFound(name.clone());
    let mut snapshot = site.read(actor, Permission::ManagePackages).await?;
    let found = dray_store::package::find(&mut snapshot, name).await?.ok_or_else(not_found)?;
    drop(snapshot);
    source::check(&found.source.ok_or_else(|| PackageError::NoSource(name.clone()))?).await?;
    let mut change = site.change(actor, Permission::ManagePackages).await?;
    dray_store::package::find(&mut change, name).await?.ok_or_else(not_found)?;
    let waiting = change.waiting::<Publish>(name.as_str()).await?;
    let checksum = how.checksum || waiting.as_ref().is_some_and(|waiting| waiting.checksum);
    let times = how.times || waiting.is_some_and(|waiting| waiting.times);
    let payload = PublishPackage { package: name.clone(), checksum, times };
    let job = change.enqueue::<Publish>(Some(name.as_str()), &payload).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "package.update",
        detail: json!({ "new": { "job": job, "checksum": how.checksum, "times": how.times } }),
    };
    change.commit(&note).await?;
    Ok(JobStarted { job })
}
