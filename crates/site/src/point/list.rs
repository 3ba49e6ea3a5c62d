//! Distribution points and the packages on them as administrators see them.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::point::{PointPackageView, PointView};
use dray_store::{Snapshot, point};

use super::{PointError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Points by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<PointView>, PointError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Point)).await?;
    Ok(point::list(&mut snapshot, actor.within(), page).await?)
}

/// One point.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<PointView, PointError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Point)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Point), name).await
}

/// The packages on a point and where it is with them, by package.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn packages(
    site: &Site,
    actor: &Actor,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<PointPackageView>, PointError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Point)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Point), name).await?;
    Ok(point::on_point(&mut snapshot, actor.within(), name, page).await?)
}

pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<PointView, PointError> {
    let object = object(name);
    actor.authorise_on::<PointError>(snapshot, permission, &object).await?;
    Ok(point::find(snapshot, name).await?.ok_or_else(|| object.not_found())?)
}
