//! Status messages.

use ::http::Method;
use dray_model::api::client::{StatusAnswer, StatusBatch};
use serde_json::value::RawValue;

use super::ClientApi;
use crate::error::ClientError;

/// Most messages in one batch.
pub const STATUS_BATCH_MAX: usize = 500;

impl ClientApi {
    /// Sends at most [`STATUS_BATCH_MAX`] messages. Once this returns, each of them is kept at the site or refused for good; sending
    /// them again does no harm.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send_status(&self, messages: Vec<Box<RawValue>>) -> Result<StatusAnswer, ClientError> {
        self.call(Method::POST, "/client/v1/status")?.json(&StatusBatch { messages }).send().await?.json().await
    }
}
