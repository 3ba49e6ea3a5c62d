//! The site itself.

use dray_model::api::site::SiteStatus;

use super::{SiteApi, path};
use crate::error::ClientError;

impl SiteApi {
    /// How the site is, and what an administrator should look at.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn site_status(&self) -> Result<SiteStatus, ClientError> {
        self.get(path("/site")).await
    }
}
