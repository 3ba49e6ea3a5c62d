//! Makes a package. With source files its first release is published by a job; without, at once.

use dray_model::ObjectKind;
use dray_model::api::package::{CreatePackage, PackageView};
use dray_model::api::scope::ScopedKind;
use dray_store::{Snapshot, package};

use super::{PackageError, Publish, PublishPackage, object, program, source};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::release;
use crate::site::Site;

/// Makes a package.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken); what is wrong with programs, expressions or the source folder.
pub async fn create(site: &Site, actor: &Actor, command: CreatePackage) -> Result<PackageView, PackageError> {
    actor.authorise(Permission::Manage(ObjectKind::Package))?;
    let draft = draft(command).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Package)).await?;
    let plan = check(&mut change, actor, draft).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// A command whose expressions are compiled and whose source folder was seen.
pub(crate) struct Draft(CreatePackage);

/// Compiles expressions and looks at the source folder: slow, so before any transaction begins.
pub(crate) async fn draft(mut command: CreatePackage) -> Result<Draft, PackageError> {
    command.programs = program::check(command.programs)?;
    if let Some(source) = &command.source {
        source::check(source).await?;
    }
    Ok(Draft(command))
}

/// The package to make.
pub(crate) struct Plan(CreatePackage);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, draft: Draft) -> Result<Plan, PackageError> {
    let Draft(command) = draft;
    actor.authorise(Permission::Manage(ObjectKind::Package))?;
    object(&command.name).expect_free(package::find(snapshot, &command.name).await?.is_some())?;
    Ok(Plan(command))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<PackageView, PackageError> {
    let Plan(command) = plan;
    let now = change.now();
    let mut made = PackageView {
        name: command.name,
        revision: 1,
        properties: command.properties,
        source: command.source,
        outside_links: command.outside_links,
        names: command.names,
        programs: command.programs,
        release: None,
        publishing: None,
        created_at: now,
        changed_at: now,
    };
    package::insert(change, &made).await?;
    change.join_scope(ScopedKind::Package, &made.name).await?;
    if made.source.is_some() {
        let payload = PublishPackage { package: made.name.clone(), checksum: false, times: false };
        made.publishing = Some(change.enqueue::<Publish>(Some(made.name.as_str()), &payload).await?);
    } else {
        made.release = Some(release::publish(change, &made, release::Files::None).await?);
    }
    change.record(Record::created(object(&made.name), &made));
    Ok(made)
}
