//! Collections and their members as administrators see them.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::collection::{CollectionMember, CollectionView};
use dray_model::api::page::{Page, PageRequest};
use dray_store::Snapshot;
use dray_store::collection::{self, StoredCollection};

use super::{CollectionError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Collections by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<CollectionView>, CollectionError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Collection)).await?;
    Ok(collection::list(&mut snapshot, actor.within(), page).await?)
}

/// One collection.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<CollectionView, CollectionError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Collection)).await?;
    Ok(look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Collection), name).await?.view)
}

/// A collection's members by name.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn members(
    site: &Site,
    actor: &Actor,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<CollectionMember>, CollectionError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Collection)).await?;
    let id = look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Collection), name).await?.id;
    Ok(collection::members(&mut snapshot, id, page).await?)
}

pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<StoredCollection, CollectionError> {
    let object = object(name);
    actor.authorise_on::<CollectionError>(snapshot, permission, &object).await?;
    Ok(collection::find(snapshot, name).await?.ok_or_else(|| object.not_found())?)
}
