//! Deletes a role that no token in force has.

use dray_model::api::role::RoleView;
use dray_model::{Name, ObjectKind, Timestamp};
use dray_store::{Snapshot, role, token};

use super::list::look_up;
use super::{RoleError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Deletes the role.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`RoleError::Predefined`], [`ObjectError::InUse`](crate::ObjectError::InUse)
/// with the tokens that have it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), RoleError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Role)).await?;
    let now = change.now();
    let plan = check(&mut change, actor, name, now).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The role to delete.
pub(crate) struct Plan(RoleView);

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    now: Timestamp,
) -> Result<Plan, RoleError> {
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Role), name).await?;
    if former.predefined {
        return Err(RoleError::Predefined(name.clone()));
    }
    let tokens = token::with_role(snapshot, name, now).await?;
    object(name).expect_unused(tokens.iter().map(crate::token::object).collect())?;
    Ok(Plan(former))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), RoleError> {
    let Plan(former) = plan;
    role::delete(change, &former.name).await?;
    change.record(Record::deleted(object(&former.name), &former));
    Ok(())
}
