//! Keeps what a device's agent understands, as it tells it with its facts: it changes when the agent is upgraded.

use dray_model::{DeviceId, Name};
use dray_store::device;

use super::DeviceError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Takes the features of the calling device in place of those it told before.
///
/// # Errors
/// [`DeviceError::Site`].
pub async fn set_features(site: &Site, actor: &Actor, id: DeviceId, features: &[Name]) -> Result<(), DeviceError> {
    let kept = device::features(&mut site.read(actor, Permission::ActAsDevice).await?, id).await?;
    if kept != features {
        let mut tx = site.db().write_beside_others().await?;
        device::set_features(&mut tx, id, features).await?;
        tx.commit().await?;
    }
    Ok(())
}
