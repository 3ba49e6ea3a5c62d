//! The device's inventory.

use ::http::Method;
use ::http::header::{HeaderName, HeaderValue};
use dray_model::facts::Facts;
use dray_model::{Name, requirement};

use super::ClientApi;
use crate::error::ClientError;

impl ClientApi {
    /// Tells the site the device's facts and the features of its agent, in place of those it told before.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn put_facts(&self, facts: &Facts, features: &[Name]) -> Result<(), ClientError> {
        let told = HeaderValue::try_from(requirement::features_header(features)).expect("names are ASCII");
        let call = self.call(Method::PUT, "/client/v1/facts")?;
        call.header(HeaderName::from_static(requirement::FEATURES_HEADER), told).json(facts).send().await?;
        Ok(())
    }
}
