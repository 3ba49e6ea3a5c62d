//! Packages, their releases and their places on points as administrators see them.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::content::PackageUpdates;
use dray_model::api::package::{PackageView, ReleaseView};
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::point::PointPackageView;
use dray_store::Snapshot;

use super::{PackageError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Packages by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<PackageView>, PackageError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Package)).await?;
    Ok(dray_store::package::list(&mut snapshot, actor.within(), page).await?)
}

/// One package.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<PackageView, PackageError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Package)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Package), name).await
}

/// A package's releases, the newest first.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn releases(
    site: &Site,
    actor: &Actor,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<ReleaseView>, PackageError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Package)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Package), name).await?;
    Ok(dray_store::release::list(&mut snapshot, name, page).await?)
}

/// The distribution points that a package is on, by name.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn points(
    site: &Site,
    actor: &Actor,
    name: &Name,
    page: &PageRequest,
) -> Result<Page<PointPackageView>, PackageError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Package)).await?;
    look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Package), name).await?;
    Ok(dray_store::point::on_package(&mut snapshot, actor.within(), name, page).await?)
}

/// The updates to the package's newest content, those that move the fewest bytes first.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn updates(site: &Site, actor: &Actor, name: &Name) -> Result<PackageUpdates, PackageError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Package)).await?;
    let release = look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Package), name).await?.release;
    let updates = match release.and_then(|release| release.content) {
        Some(content) => dray_store::content::update::views(&mut snapshot, name, &content.digest).await?,
        None => Vec::new(),
    };
    Ok(PackageUpdates { updates })
}

pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<PackageView, PackageError> {
    let object = object(name);
    actor.authorise_on::<PackageError>(snapshot, permission, &object).await?;
    Ok(dray_store::package::find(snapshot, name).await?.ok_or_else(|| object.not_found())?)
}
