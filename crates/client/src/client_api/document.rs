//! Signed documents by digest.

use ::http::Method;
use bytes::Bytes;
use dray_model::Digest;

use super::ClientApi;
use crate::error::ClientError;

impl ClientApi {
    /// The envelope with this digest. The digest is checked, the signature is not: see `dray_trust::open_document`.
    ///
    /// # Errors
    /// [`ClientError`]; `Damaged` when the bytes have another digest.
    pub async fn document(&self, digest: &Digest) -> Result<Bytes, ClientError> {
        let answer = self.call(Method::GET, &format!("/client/v1/documents/{digest}"))?.send().await?;
        let url = answer.url().to_owned();
        let bytes = answer.bytes(self.http.limits().document_bytes_max).await?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(ClientError::Damaged { url, what: "its digest is not the one requested".to_owned() })
        }
    }
}
