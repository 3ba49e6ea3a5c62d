//! Which objects a source version of a package needs, for carrying it elsewhere.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::content::{ContentObject, PackageObjects};
use dray_store::{content, release};

use super::ContentError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// The objects of a source version, of the newest one with files when none is said, with all updates to it.
///
/// # Errors
/// [`ContentError::NoVersion`].
pub async fn objects(
    site: &Site,
    actor: &Actor,
    package: &Name,
    source_version: Option<u32>,
) -> Result<PackageObjects, ContentError> {
    let mut snapshot = site.read(actor, Permission::Manage(ObjectKind::Package)).await?;
    let absent = || ContentError::NoVersion { package: package.clone(), source_version };
    if !actor.reaches(&mut snapshot, &crate::package::object(package)).await? {
        return Err(absent());
    }
    let found = release::content_of(&mut snapshot, package, source_version).await?;
    let (source_version, content) = found.ok_or_else(absent)?;
    let objects = content::objects(&mut snapshot, &content).await?;
    let mut objects: Vec<_> = objects
        .into_iter()
        .map(|object| ContentObject { object: object.name, size_bytes: object.size_bytes })
        .collect();
    // Where a manifest or an update is, its packs are.
    objects.sort_by_key(|object| (!object.object.starts_with("packs/"), !object.object.starts_with("updates/")));
    Ok(PackageObjects { source_version, content, objects })
}
