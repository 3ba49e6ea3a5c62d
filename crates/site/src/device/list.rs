//! Devices as administrators see them. What this process knows of their presence is newer than the database.

use dray_model::api::device::DeviceView;
use dray_model::api::page::{Page, PageRequest};
use dray_model::{DeviceId, Name};
use dray_store::device::{self, DeviceFilter};
use dray_store::{Snapshot, collection, facts};

use super::DeviceError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Devices by name, without facts and collections.
///
/// # Errors
/// [`DeviceError::NoCollection`].
pub async fn list(
    site: &Site,
    actor: &Actor,
    filter: &DeviceFilter,
    page: &PageRequest,
) -> Result<Page<DeviceView>, DeviceError> {
    let mut snapshot = site.read(actor, Permission::Read).await?;
    if let Some(name) = &filter.collection
        && collection::find(&mut snapshot, name).await?.is_none()
    {
        return Err(DeviceError::NoCollection(name.clone()));
    }
    let mut page = device::list(&mut snapshot, filter, page).await?;
    page.items.iter_mut().for_each(|view| site.presence().complete(view));
    Ok(page)
}

/// One device, by its name or the text of its id, with its facts and collections.
///
/// # Errors
/// [`DeviceError::NotFound`].
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut snapshot = site.read(actor, Permission::Read).await?;
    let mut view = look_up(&mut snapshot, name).await?;
    view.facts = facts::find(&mut snapshot, view.id).await?;
    view.collections = Some(collection::names_of(&mut snapshot, view.id).await?);
    site.presence().complete(&mut view);
    Ok(view)
}

/// One device, by its name or the text of its id, without facts and collections.
///
/// # Errors
/// [`DeviceError::NotFound`].
pub(crate) async fn find_without_facts(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut view = look_up(&mut site.read(actor, Permission::Read).await?, name).await?;
    site.presence().complete(&mut view);
    Ok(view)
}

/// The device of this name, or of this id: a name never has the form of an id.
pub(super) async fn look_up(snapshot: &mut Snapshot, name: &Name) -> Result<DeviceView, DeviceError> {
    let found = match name.as_str().parse::<DeviceId>() {
        Ok(id) => device::find(snapshot, id).await?,
        Err(_) => device::find_by_name(snapshot, name).await?,
    };
    found.ok_or_else(|| DeviceError::NotFound(name.clone()))
}
