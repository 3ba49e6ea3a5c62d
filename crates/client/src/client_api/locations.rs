//! Where to get contents.

use ::http::Method;
use dray_model::Digest;
use dray_model::api::client::{Locations, LocationsRequest};

use super::ClientApi;
use crate::error::ClientError;

impl ClientApi {
    /// Manifest and sources of at most 100 contents; those that the site does not know are left out.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn locations(&self, contents: Vec<Digest>) -> Result<Locations, ClientError> {
        self.call(Method::POST, "/client/v1/locations")?.json(&LocationsRequest { contents }).send().await?.json().await
    }
}
