//! Scopes, and what is in them, as administrators see them.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::scope::{ScopeObject, ScopeView};
use dray_model::{Name, ObjectKind};
use dray_store::{Snapshot, scope};

use super::{ScopeError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Scopes by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<ScopeView>, ScopeError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Scope))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Scope)).await?;
    Ok(scope::list(&mut snapshot, page).await?)
}

/// One scope.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<ScopeView, ScopeError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Scope)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Scope), name).await
}

/// What is in a scope, by kind and name.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn objects(
    site: &Site,
    actor: &Actor,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<ScopeObject>, ScopeError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Scope)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Scope), name).await?;
    Ok(scope::objects(&mut snapshot, name, page).await?)
}

pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<ScopeView, ScopeError> {
    actor.authorise_everywhere(permission)?;
    Ok(scope::find(snapshot, name).await?.ok_or_else(|| object(name).not_found())?)
}
