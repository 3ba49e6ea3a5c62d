//! Has the updates to a package's newest content prepared as well as can be, whoever receives it.

use dray_model::Name;
use dray_model::api::package::JobStarted;
use serde_json::json;

use super::{KIND, PackageError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::content::Improve;
use crate::site::Site;

/// Asks for it. What was prepared so before is not prepared again.
///
/// # Errors
/// [`PackageError::NotFound`], [`PackageError::NoContent`].
pub async fn improve(site: &Site, actor: &Actor, name: &Name) -> Result<JobStarted, PackageError> {
    let mut change = site.change(actor, Permission::ManagePackages).await?;
    let found = dray_store::package::find(&mut change, name).await?;
    let package = found.ok_or_else(|| PackageError::NotFound(name.clone()))?;
    let content = package.release.and_then(|release| release.content);
    let content = content.ok_or_else(|| PackageError::NoContent(name.clone()))?.digest;
    let job = Improve::ask(&mut change, &content).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "package.improve",
        detail: json!({ "new": { "job": job, "content": content } }),
    };
    change.commit(&note).await?;
    Ok(JobStarted { job })
}
