//! Deletes a package that nothing depends on. Its content leaves the content store by a job, and points by their next look.

use dray_model::Name;
use dray_store::{content, job, package, point};
use serde_json::json;

use super::{KIND, PackageError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::content::Sweep;
use crate::site::Site;

/// Deletes the package, with its releases and its places on points.
///
/// # Errors
/// [`PackageError::NotFound`], [`PackageError::InUse`] with all that depends on it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), PackageError> {
    let mut change = site.change(actor, Permission::ManagePackages).await?;
    let former = package::find(&mut change, name).await?.ok_or_else(|| PackageError::NotFound(name.clone()))?;
    let dependants = package::dependants(&mut change, name).await?;
    if !dependants.is_empty() {
        return Err(PackageError::InUse { name: name.clone(), dependants });
    }
    let now = change.now();
    if let Some(publishing) = former.publishing {
        // One that runs already finds no package and ends.
        job::cancel(&mut change, publishing, now).await?;
    }
    change.concerns_package(name).await?;
    package::delete(&mut change, name).await?;
    content::forget_unused(&mut change).await?;
    point::forget_unassigned(&mut change, None).await?;
    Sweep::soon(&mut change).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "package.delete",
        detail: json!({ "former": former }),
    };
    change.commit(&note).await?;
    Ok(())
}
