//! Status messages.

use ::http::Method;
use dray_model::api::client::{StatusAccepted, StatusBatch};
use dray_model::status::StatusMessage;

use super::ClientApi;
use crate::error::ClientError;

/// Most messages in one batch.
pub const STATUS_BATCH_MAX: usize = 500;

impl ClientApi {
    /// Sends at most [`STATUS_BATCH_MAX`] messages. Once this returns they are kept at the site; sending them again does no harm.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn send_status(&self, messages: Vec<StatusMessage>) -> Result<StatusAccepted, ClientError> {
        self.call(Method::POST, "/client/v1/status")?.json(&StatusBatch { messages }).send().await?.json().await
    }
}
