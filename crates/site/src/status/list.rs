//! Status messages as administrators see them.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::status::StatusView;
use dray_model::{DeviceId, Name};
use dray_store::{Snapshot, StoreError, device, status};

use super::StatusError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Messages, the newest first: of the device with this id or name, and about this advertisement, where they are given. What
/// was reported about a withdrawn advertisement is still there.
///
/// # Errors
/// [`StatusError::NoDevice`].
pub async fn list(
    site: &Site,
    actor: &Actor,
    device: Option<&str>,
    advertisement: Option<Name>,
    page: &PageRequest,
) -> Result<Page<StatusView>, StatusError> {
    let mut snapshot = site.read(actor, Permission::Read).await?;
    let device = match device {
        None => None,
        Some(text) => {
            let found = find_device(&mut snapshot, text).await?;
            Some(found.ok_or_else(|| StatusError::NoDevice(text.to_owned()))?.0)
        }
    };
    let filter = status::Filter { device, advertisement };
    Ok(status::list(&mut snapshot, &filter, page).await?)
}

/// The device with this id, or else with this name.
pub(crate) async fn find_device(snapshot: &mut Snapshot, text: &str) -> Result<Option<(DeviceId, Name)>, StoreError> {
    if let Ok(id) = text.parse()
        && let Some(found) = device::find(snapshot, id).await?
    {
        return Ok(Some((found.id, found.name)));
    }
    let Ok(name) = text.parse() else { return Ok(None) };
    Ok(device::find_by_name(snapshot, &name).await?.map(|found| (found.id, found.name)))
}
