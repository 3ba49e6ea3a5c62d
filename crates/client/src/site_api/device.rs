//! Devices.

use dray_model::Name;
use dray_model::api::device::DeviceView;

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

/// Which devices to list; all when nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Those whose name begins like this.
    pub name: Option<String>,
    /// Members of this collection.
    pub collection: Option<Name>,
    /// Those for which something waits until they have a newer agent.
    pub needs_upgrade: bool,
}

impl SiteApi {
    /// Devices, by name.
    pub fn devices(&self, filter: &DeviceFilter) -> Pages<'_, DeviceView> {
        let devices = path("/devices").maybe("name", filter.name.as_ref());
        let devices = devices.maybe("collection", filter.collection.as_ref());
        self.pages(devices.maybe("needs_upgrade", filter.needs_upgrade.then_some(true).as_ref()))
    }

    /// One device by its name, or by its id as text, with its facts and collections.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn device(&self, name_or_id: &Name) -> Result<DeviceView, ClientError> {
        self.get(path(format!("/devices/{name_or_id}"))).await
    }

    /// Shuts a device out, at once and for good.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn revoke_device(&self, name_or_id: &Name) -> Result<DeviceView, ClientError> {
        self.post(path(format!("/devices/{name_or_id}/revoke")), &()).await
    }

    /// Removes a revoked device with its facts and memberships; the audit log stays.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_device(&self, name_or_id: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/devices/{name_or_id}"))).await
    }
}
