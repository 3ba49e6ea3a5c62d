//! The device's inventory.

use ::http::Method;
use dray_model::facts::Facts;

use super::ClientApi;
use crate::error::ClientError;

impl ClientApi {
    /// Tells the site the device's facts, in place of those it told before.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put_facts(&self, facts: &Facts) -> Result<(), ClientError> {
        self.call(Method::PUT, "/client/v1/facts")?.json(facts).send().await?;
        Ok(())
    }
}
