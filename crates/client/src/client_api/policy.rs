//! The device's policy, held until there is another one; and what a device says of itself with the request.

use ::http::Method;
use ::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;
use dray_model::Name;
use dray_model::history::{HOLDS_HEADER, Holds, NAME_HEADER};

use super::{ClientApi, Held};
use crate::error::ClientError;

/// What a device says of itself, so that a site that was put back to an older copy of itself can find that out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Introduction {
    /// The newest policy that it took.
    pub holds: Option<Holds>,
    /// What it is called.
    pub name: Option<Name>,
}

impl Introduction {
    /// As headers.
    pub(super) fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let holds = self.holds.map(|holds| (HOLDS_HEADER, holds.to_string()));
        let name = self.name.as_ref().map(|name| (NAME_HEADER, name.to_string()));
        let headers = holds.into_iter().chain(name);
        headers
            .filter_map(|(header, text)| Some((HeaderName::from_static(header), HeaderValue::try_from(text).ok()?)))
            .collect()
    }
}

impl ClientApi {
    /// The device's policy as a signed envelope, once it is another than `etag` names; see `dray_trust::open_document`.
    ///
    /// # Errors
    /// [`ClientError`]; a refusal with the code [`PROOF_WANTED`](dray_model::history::PROOF_WANTED) asks for [`ClientApi::prove`].
    pub async fn policy(
        &self,
        etag: Option<&str>,
        wait_s: u32,
        introduction: &Introduction,
    ) -> Result<Held<Bytes>, ClientError> {
        match self.held("/client/v1/policy", etag, wait_s, introduction.headers()).await? {
            Held::NotModified => Ok(Held::NotModified),
            Held::Changed { etag, value } => {
                let value = value.bytes(self.http.limits().document_bytes_max).await?;
                Ok(Held::Changed { etag, value })
            }
        }
    }

    /// Shows the site the newest document that it signed for the caller, in its envelope.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn prove(&self, introduction: &Introduction, envelope: Bytes) -> Result<(), ClientError> {
        let call = self.call(Method::POST, "/client/v1/proof")?.bytes(envelope);
        introduction.headers().into_iter().fold(call, |call, (name, value)| call.header(name, value)).send().await?;
        Ok(())
    }
}
