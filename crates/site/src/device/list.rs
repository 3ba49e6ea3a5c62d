//! Devices as administrators see them. What this process knows of their presence is newer than the database.

use dray_model::ObjectKind;
use dray_model::api::device::DeviceView;
use dray_model::api::page::{Page, PageRequest};
use dray_model::{DeviceId, Name};
use dray_store::device::{self, DeviceFilter};
use dray_store::{Snapshot, collection, facts, quarantine};

use super::{DeviceError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Devices by name, without facts and collections.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound) for a collection to list by.
pub async fn list(
    site: &Site,
    actor: &Actor,
    filter: &DeviceFilter,
    page: &PageRequest,
) -> Result<Page<DeviceView>, DeviceError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    if let Some(name) = &filter.collection {
        let object = crate::collection::object(name);
        actor.authorise_on::<DeviceError>(&mut snapshot, Permission::Read(ObjectKind::Device), &object).await?;
        collection::find(&mut snapshot, name).await?.ok_or_else(|| object.not_found())?;
    }
    let mut page = device::list(&mut snapshot, actor.within(), filter, page).await?;
    page.items.iter_mut().for_each(|view| site.presence().complete(view));
    Ok(page)
}

/// One device, by its name or the text of its id, with its facts and collections.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    let mut view = look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Device), name).await?;
    view.facts = facts::find(&mut snapshot, view.id).await?;
    view.collections = Some(collection::names_of(&mut snapshot, actor.within(), view.id).await?);
    site.presence().complete(&mut view);
    Ok(view)
}

/// One device, by its name or the text of its id, without facts and collections.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub(crate) async fn find_without_facts(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    let mut view = look_up(&mut snapshot, actor, Permission::Read(ObjectKind::Device), name).await?;
    site.presence().complete(&mut view);
    Ok(view)
}

/// The device of this name, or of this id: a name never has the form of an id.
pub(super) async fn look_up(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<DeviceView, DeviceError> {
    let found = match name.as_str().parse::<DeviceId>() {
        Ok(id) => device::find(snapshot, id).await?,
        Err(_) => device::find_by_name(snapshot, name).await?,
    };
    let Some(found) = found else { return Err(absent(snapshot, actor, name).await?) };
    actor.authorise(permission)?;
    if !actor.reaches(snapshot, &object(found.id)).await? {
        return Err(object(name).not_found().into());
    }
    Ok(found)
}

/// There is no such device; it may wait to be accepted, which those who work on everything are told.
async fn absent(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<DeviceError, DeviceError> {
    let waits = actor.scope().is_none()
        && quarantine::find(snapshot, name).await?.is_some_and(|view| view.refused_at.is_none());
    Ok(if waits { DeviceError::Waiting(name.clone()) } else { object(name).not_found().into() })
}
