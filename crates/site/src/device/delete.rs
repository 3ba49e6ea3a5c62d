//! Removes a revoked device with its facts. The audit log keeps what was done to it.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::device::DeviceView;
use dray_model::device::DeviceState;
use dray_store::{Snapshot, device};

use super::{DeviceError, list, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Deletes the device, by its name or id. Rules of collections that name it go too.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`DeviceError::NotRevoked`].
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), DeviceError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The device to delete.
pub(crate) struct Plan(DeviceView);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, DeviceError> {
    let former = list::look_up(snapshot, actor, Permission::Manage(ObjectKind::Device), name).await?;
    if former.state == DeviceState::Revoked { Ok(Plan(former)) } else { Err(DeviceError::NotRevoked(name.clone())) }
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), DeviceError> {
    let Plan(former) = plan;
    device::delete(change, former.id).await?;
    change.record(Record::deleted(object(former.id), &former));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectError;
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
        assert!(matches!(gone, Err(DeviceError::Object(ObjectError::NotFound(_)))));
    }
}
