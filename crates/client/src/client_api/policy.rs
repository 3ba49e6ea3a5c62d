//! The device's policy, held until there is another one.

use bytes::Bytes;

use super::{ClientApi, Held};
use crate::error::ClientError;

impl ClientApi {
    /// The device's policy as a signed envelope, once it is another than `etag` names; see `dray_trust::open_document`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn policy(&self, etag: Option<&str>, wait_s: u32) -> Result<Held<Bytes>, ClientError> {
        match self.held("/client/v1/policy", etag, wait_s).await? {
            Held::NotModified => Ok(Held::NotModified),
            Held::Changed { etag, value } => {
                let value = value.bytes(self.http.limits().document_bytes_max).await?;
                Ok(Held::Changed { etag, value })
            }
        }
    }
}
