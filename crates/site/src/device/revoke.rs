//! Shuts a device out, at once and for good: whatever certificate it shows, it gets nothing more.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::device::DeviceView;
use dray_model::device::DeviceState;
use dray_store::feed::Scope;
use dray_store::{Snapshot, collection, device};
use serde_json::json;

use super::{DeviceError, list, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Revokes the device, by its name or id; doing it again changes nothing.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn revoke(site: &Site, actor: &Actor, name: &Name) -> Result<DeviceView, DeviceError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let plan = check(&mut change, actor, name).await?;
    let revoked = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(revoked)
}

/// The device to revoke.
pub(crate) struct Plan(DeviceView);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, DeviceError> {
    Ok(Plan(list::look_up(snapshot, actor, Permission::Manage(ObjectKind::Device), name).await?))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<DeviceView, DeviceError> {
    let Plan(mut former) = plan;
    change.site().presence().complete(&mut former);
    if former.state == DeviceState::Revoked {
        return Ok(former);
    }
    let (id, now) = (former.id, change.now());
    device::revoke(change, id, now).await?;
    collection::forget_device(change, id).await?;
    change.concerns(Scope::DeviceShutOut(id));
    change.record(Record::done(object(id), "revoke", json!({ "former": former })));
    Ok(DeviceView { state: DeviceState::Revoked, ..former })
}
