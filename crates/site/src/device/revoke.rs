//! Shuts a device out, at once and for good: whatever certificate it shows, it gets nothing more.

use dray_model::Name;
use dray_model::api::device::DeviceView;
use dray_model::device::DeviceState;
use dray_store::feed::Scope;
use dray_store::{collection, device};
use serde_json::json;

use super::{DeviceError, KIND, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Revokes the device, by its name or id; doing it again changes nothing.
///
/// # Errors
/// [`DeviceError::NotFound`].
pub async fn revoke(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut change = site.change(actor, Permission::ManageDevices).await?;
    let mut view = list::look_up(&mut change, name).await?;
    site.presence().complete(&mut view);
    if view.state == DeviceState::Revoked {
        return Ok(view);
    }
    let now = change.now();
    device::revoke(&mut change, view.id, now).await?;
    collection::forget_device(&mut change, view.id).await?;
    change.concerns(Scope::DeviceShutOut(view.id));
    let note = Note {
        object_kind: KIND,
        object_name: view.id.to_string(),
        action: "device.revoke",
        detail: json!({ "former": view }),
    };
    change.commit(&note).await?;
    Ok(DeviceView { state: DeviceState::Revoked, ..view })
}
