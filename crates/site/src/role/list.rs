//! Roles as administrators see them.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::role::RoleView;
use dray_model::{Name, ObjectKind};
use dray_store::{Snapshot, role};

use super::{RoleError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Roles by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<RoleView>, RoleError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Role))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Role)).await?;
    Ok(role::list(&mut snapshot, page).await?)
}

/// One role.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<RoleView, RoleError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Role)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Role), name).await
}

pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<RoleView, RoleError> {
    actor.authorise_everywhere(permission)?;
    Ok(role::find(snapshot, name).await?.ok_or_else(|| object(name).not_found())?)
}
