//! Changes a package. New programs or properties reach clients as the next release of the same content, in the same transaction.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::package::{ChangePackage, PackageView};
use dray_store::{Snapshot, package};

use super::list::look_up;
use super::{PackageError, object, program, source};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::release;
use crate::site::Site;

/// Changes `revision` of the package. The same values as before are not a change.
///
/// Another source folder is read at the next update. While the first release is still being published, its job takes the
/// programs as they are then.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::Stale`](crate::ObjectError::Stale); what is wrong with
/// programs, expressions or the source folder.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangePackage,
) -> Result<PackageView, PackageError> {
    actor.authorise(Permission::Manage(ObjectKind::Package))?;
    let draft = draft(command).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Package)).await?;
    let plan = check(&mut change, actor, name, revision, draft).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

/// A command whose expressions are compiled and whose source folder was seen.
pub(crate) struct Draft(ChangePackage);

/// Compiles expressions and looks at the source folder: slow, so before any transaction begins.
pub(crate) async fn draft(mut command: ChangePackage) -> Result<Draft, PackageError> {
    command.programs = command.programs.map(program::check).transpose()?;
    if let Some(source) = &command.source {
        source::check(source).await?;
    }
    Ok(Draft(command))
}

/// What takes the place of what.
pub(crate) struct Plan {
    former: PackageView,
    new: PackageView,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    draft: Draft,
) -> Result<Plan, PackageError> {
    let Draft(command) = draft;
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Package), name).await?;
    object(name).expect_revision(revision, former.revision)?;
    let mut new = former.clone();
    new.properties = command.properties.unwrap_or(new.properties);
    new.programs = command.programs.unwrap_or(new.programs);
    new.source = command.source.or(new.source);
    new.outside_links = command.outside_links.unwrap_or(new.outside_links);
    new.names = command.names.unwrap_or(new.names);
    Ok(Plan { former, new })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<PackageView, PackageError> {
    let Plan { former, mut new } = plan;
    if new == former {
        return Ok(former);
    }
    (new.revision, new.changed_at) = (former.revision + 1, change.now());
    package::change(change, &new).await?;
    let shown = (&new.properties, &new.programs) != (&former.properties, &former.programs);
    if shown && new.release.is_some() {
        new.release = Some(release::publish(change, &new, release::Files::Same).await?);
    }
    change.record(Record::changed(object(&new.name), &former, &new));
    Ok(new)
}
