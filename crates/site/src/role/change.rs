//! Changes a role. Those who have it have the new rights from their next request on.

use dray_model::api::role::{ChangeRole, RoleView};
use dray_model::{Name, ObjectKind};
use dray_store::{Snapshot, role};

use super::list::look_up;
use super::{RoleError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Changes `revision` of the role. The same values as before are not a change.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::Stale`](crate::ObjectError::Stale),
/// [`RoleError::Predefined`], [`SiteError::Beyond`](crate::SiteError::Beyond).
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeRole,
) -> Result<RoleView, RoleError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Role)).await?;
    let plan = check(&mut change, actor, name, revision, command).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

/// What takes the place of what.
pub(crate) struct Plan {
    former: RoleView,
    new: RoleView,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeRole,
) -> Result<Plan, RoleError> {
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Role), name).await?;
    if former.predefined {
        return Err(RoleError::Predefined(name.clone()));
    }
    object(name).expect_revision(revision, former.revision)?;
    let mut new = former.clone();
    new.title = command.title.unwrap_or(new.title);
    new.grants = command.grants.unwrap_or(new.grants);
    actor.authorise_granting(&new.grants.difference(&former.grants).copied().collect())?;
    Ok(Plan { former, new })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<RoleView, RoleError> {
    let Plan { former, mut new } = plan;
    if new == former {
        return Ok(former);
    }
    (new.revision, new.changed_at) = (former.revision + 1, change.now());
    role::change(change, &new).await?;
    change.record(Record::changed(object(&new.name), &former, &new));
    Ok(new)
}
