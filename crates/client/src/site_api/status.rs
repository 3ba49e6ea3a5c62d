//! Status messages of clients, as the site keeps them.

use dray_model::Name;
use dray_model::api::status::StatusView;

use super::{Pages, SiteApi, path};

impl SiteApi {
    /// Status messages, the newest first; of one device or advertisement where given.
    pub fn status(&self, device: Option<&Name>, advertisement: Option<&Name>) -> Pages<'_, StatusView> {
        self.pages(path("/status").maybe("device", device).maybe("advertisement", advertisement))
    }
}
