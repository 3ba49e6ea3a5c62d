//! Updates a package: its source folder is read again, and what changed becomes the next source version.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::package::{JobStarted, UpdatePackage};
use serde_json::json;

use super::list::look_up;
use super::{PackageError, Publish, PublishPackage, object, source};
use crate::actor::{Actor, Permission};
use crate::record::Record;
use crate::site::Site;

/// Asks for the update. A job that waits already does it, and reads every file, or publishes times, if one of those who asked
/// wanted that; one
/// that reads at this moment is followed by another, because it may have passed what changed since.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`PackageError::NoSource`], [`PackageError::SourceUnusable`].
pub async fn update(site: &Site, actor: &Actor, name: &Name, how: UpdatePackage) -> Result<JobStarted, PackageError> {
    let mut snapshot = site.read(actor, Permission::Manage(ObjectKind::Package)).await?;
    let found = look_up(&mut snapshot, actor, Permission::Manage(ObjectKind::Package), name).await?;
    drop(snapshot);
    source::check(&found.source.ok_or_else(|| PackageError::NoSource(name.clone()))?).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Package)).await?;
    look_up(&mut change, actor, Permission::Manage(ObjectKind::Package), name).await?;
    let waiting = change.waiting::<Publish>(name.as_str()).await?;
    let checksum = how.checksum || waiting.as_ref().is_some_and(|waiting| waiting.checksum);
    let times = how.times || waiting.is_some_and(|waiting| waiting.times);
    let payload = PublishPackage { package: name.clone(), checksum, times };
    let job = change.enqueue::<Publish>(Some(name.as_str()), &payload).await?;
    let detail = json!({ "new": { "job": job, "checksum": how.checksum, "times": how.times } });
    change.record(Record::done(object(name), "update", detail));
    change.commit().await?;
    Ok(JobStarted { job })
}
