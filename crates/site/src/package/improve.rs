//! Has the updates to a package's newest content prepared as well as possible, however few receive it.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::package::JobStarted;
use serde_json::json;

use super::list::look_up;
use super::{PackageError, object};
use crate::actor::{Actor, Permission};
use crate::content::Improve;
use crate::record::Record;
use crate::site::Site;

/// Asks for it. What was prepared so before is not prepared again.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`PackageError::NoContent`].
pub async fn improve(site: &Site, actor: &Actor, name: &Name) -> Result<JobStarted, PackageError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Package)).await?;
    let package = look_up(&mut change, actor, Permission::Manage(ObjectKind::Package), name).await?;
    let content = package.release.and_then(|release| release.content);
    let content = content.ok_or_else(|| PackageError::NoContent(name.clone()))?.digest;
    let job = Improve::ask(&mut change, &content).await?;
    change.record(Record::done(object(name), "improve", json!({ "new": { "job": job, "content": content } })));
    change.commit().await?;
    Ok(JobStarted { job })
}
