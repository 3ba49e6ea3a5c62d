//! Changes a package. New programs or properties reach clients as the next release of the same content, in the same transaction.

use dray_model::Name;
use dray_model::api::package::{ChangePackage, PackageView};
use dray_store::package;
use serde_json::json;

use super::{KIND, PackageError, program, source};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::release;
use crate::site::Site;

/// Changes `revision` of the package. What is the same as before is no change.
///
/// Another source folder is read at the next update. While the first release is still being published, its job takes the
/// programs as they are then.
///
/// # Errors
/// [`PackageError::NotFound`], [`PackageError::Stale`]; what is wrong with programs, expressions or the source folder.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangePackage,
) -> Result<PackageView, PackageError> {
    actor.authorise(Permission::ManagePackages)?;
    let programs = command.programs.map(program::check).transpose()?;
    if let Some(source) = &command.source {
        source::check(source).await?;
    }
    let mut change = site.change(actor, Permission::ManagePackages).await?;
    let former = package::find(&mut change, name).await?.ok_or_else(|| PackageError::NotFound(name.clone()))?;
    if let Some(expected) = revision.filter(|revision| *revision != former.revision) {
        return Err(PackageError::Stale { name: name.clone(), expected, found: former.revision });
    }
    let mut new = former.clone();
    new.properties = command.properties.unwrap_or(new.properties);
    new.programs = programs.unwrap_or(new.programs);
    new.source = command.source.or(new.source);
    new.outside_links = command.outside_links.unwrap_or(new.outside_links);
    new.names = command.names.unwrap_or(new.names);
    if new == former {
        return Ok(former);
    }
    (new.revision, new.changed_at) = (former.revision + 1, change.now());
    package::change(&mut change, &new).await?;
    let shown = (&new.properties, &new.programs) != (&former.properties, &former.programs);
    if shown && new.release.is_some() {
        new.release = Some(release::publish(&mut change, &new, release::Files::Same).await?);
    }
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "package.change",
        detail: json!({ "former": former, "new": new }),
    };
    change.commit(&note).await?;
    Ok(new)
}
