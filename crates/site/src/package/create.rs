//! Makes a package. With source files its first release is published by a job; without, at once.

use dray_model::api::package::{CreatePackage, PackageView};
use dray_store::package;
use serde_json::json;

use super::{KIND, PackageError, Publish, PublishPackage, program, source};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::release;
use crate::site::Site;

/// Makes a package.
///
/// # Errors
/// [`PackageError::NameTaken`]; what is wrong with programs, expressions or the source folder.
pub async fn create(site: &Site, actor: &Actor, command: CreatePackage) -> Result<PackageView, PackageError> {
    actor.authorise(Permission::ManagePackages)?;
    let programs = program::check(command.programs)?;
    if let Some(source) = &command.source {
        source::check(source).await?;
    }
    let mut change = site.change(actor, Permission::ManagePackages).await?;
    let now = change.now();
    let mut made = PackageView {
        name: command.name,
        revision: 1,
        properties: command.properties,
        source: command.source,
        outside_links: command.outside_links,
        names: command.names,
        programs,
        release: None,
        publishing: None,
        created_at: now,
        changed_at: now,
    };
    package::insert(&mut change, &made).await.map_err(|error| {
        if error.is_conflict_on("package", "primary key") {
            PackageError::NameTaken(made.name.clone())
        } else {
            error.into()
        }
    })?;
    if made.source.is_some() {
        let payload = PublishPackage { package: made.name.clone(), checksum: false, times: false };
        made.publishing = Some(change.enqueue::<Publish>(Some(made.name.as_str()), &payload).await?);
    } else {
        made.release = Some(release::publish(&mut change, &made, release::Files::None).await?);
    }
    let note = Note {
        object_kind: KIND,
        object_name: made.name.to_string(),
        action: "package.create",
        detail: json!({ "new": made }),
    };
    change.commit(&note).await?;
    Ok(made)
}
