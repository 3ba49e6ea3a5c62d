//! Removes a revoked device with its facts. The audit log keeps what was done to it.

use dray_model::Name;
use dray_model::device::DeviceState;
use dray_store::device;
use serde_json::json;

use super::{DeviceError, KIND, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Deletes the device, by its name or id. Rules of collections that name it go too.
///
/// # Errors
/// [`DeviceError::NotFound`], [`DeviceError::NotRevoked`].
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), DeviceError> {
    let mut change = site.change(actor, Permission::ManageDevices).await?;
    let former = list::look_up(&mut change, name).await?;
    if former.state != DeviceState::Revoked {
        return Err(DeviceError::NotRevoked(name.clone()));
    }
    device::delete(&mut change, former.id).await?;
    let note = Note {
        object_kind: KIND,
        object_name: former.id.to_string(),
        action: "device.delete",
        detail: json!({ "former": former }),
    };
    change.commit(&note).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_device_is_deleted_only_when_revoked_and_found_by_its_id() {
        let test = testing::site().await;
        let site = &test.site;
        let id = crate::random::device_id();
        let mut tx = site.db().write().await.unwrap();
        device::insert(&mut tx, id, &"pc".parse().unwrap(), site.now()).await.unwrap();
        tx.commit().await.unwrap();
        let (by_name, by_id): (Name, Name) = ("pc".parse().unwrap(), id.to_string().parse().unwrap());
        let refused = delete(site, &Actor::System, &by_id).await;
        assert!(matches!(refused, Err(DeviceError::NotRevoked(_))));
        let revoked = super::super::revoke(site, &Actor::System, &by_name).await.unwrap();
        assert_eq!((revoked.id, revoked.state), (id, DeviceState::Revoked));
        delete(site, &Actor::System, &by_id).await.unwrap();
        let gone = super::super::find(site, &Actor::System, &by_name).await;
        assert!(matches!(gone, Err(DeviceError::NotFound(_))));
    }
}
