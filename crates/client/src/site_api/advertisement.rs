//! Advertisements.

use ::http::Method;
use dray_model::Name;
use dray_model::api::advertisement::{AdvertisementView, ChangeAdvertisement, CreateAdvertisement, DeviceStatusView};

use super::{Pages, SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// All advertisements, by name.
    pub fn advertisements(&self) -> Pages<'_, AdvertisementView> {
        self.pages(path("/advertisements"))
    }

    /// One advertisement.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn advertisement(&self, name: &Name) -> Result<AdvertisementView, ClientError> {
        self.get(path(format!("/advertisements/{name}"))).await
    }

    /// Creates an advertisement and publishes its first revision.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_advertisement(&self, create: &CreateAdvertisement) -> Result<AdvertisementView, ClientError> {
        self.post(path("/advertisements"), create).await
    }

    /// Changes what the request names, and publishes the revision after `revision`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn change_advertisement(
        &self,
        name: &Name,
        revision: u32,
        change: &ChangeAdvertisement,
    ) -> Result<AdvertisementView, ClientError> {
        self.change(Method::PATCH, path(format!("/advertisements/{name}")), revision.into(), change).await
    }

    /// Withdraws an advertisement.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_advertisement(&self, name: &Name) -> Result<(), ClientError> {
        self.delete(path(format!("/advertisements/{name}"))).await
    }

    /// Lets every device run the program once more: the next revision, with an assignment for now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn rerun_advertisement(&self, name: &Name) -> Result<AdvertisementView, ClientError> {
        self.post(path(format!("/advertisements/{name}/rerun")), &()).await
    }

    /// Where the devices of an advertisement are with it; only those in `state` (as the API writes it) where one is given.
    pub fn advertisement_devices(&self, name: &Name, state: Option<&str>) -> Pages<'_, DeviceStatusView> {
        self.pages(path(format!("/advertisements/{name}/devices")).maybe("state", state))
    }
}
