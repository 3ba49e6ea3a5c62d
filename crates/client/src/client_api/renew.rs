//! A new certificate for the same identity, with a new key.

use ::http::Method;
use dray_model::api::client::{RenewRequest, Renewed};
use dray_trust::NewIdentity;

use super::ClientApi;
use crate::error::ClientError;

/// A new key and the certificate for it.
pub struct Renewal {
    /// The private key, PEM.
    pub key_pem: String,
    /// The certificate and its authority, PEM.
    pub certificate: String,
}

impl ClientApi {
    /// Asks for a new certificate. The old one stays valid until it expires, so a lost answer costs nothing.
    ///
    /// # Errors
    /// [`ClientError`]; `Denied` when the identity was revoked.
    pub async fn renew(&self) -> Result<Renewal, ClientError> {
        let new = NewIdentity::generate();
        let call = self.call(Method::POST, "/client/v1/renew")?.json(&RenewRequest { csr: new.csr_pem });
        let renewed: Renewed = call.send().await?.json().await?;
        Ok(Renewal { key_pem: new.key_pem, certificate: renewed.certificate })
    }
}
