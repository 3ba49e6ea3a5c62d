//! A new certificate for the same device, with a new key.

use dray_client::ClientApi;

use super::{Identity, IdentityError};
use crate::folder::Folder;

/// Why a certificate was not renewed; the one before is still in use.
#[derive(Debug, thiserror::Error)]
pub enum RenewError {
    /// The site refused or can't be reached.
    #[error(transparent)]
    Request(#[from] dray_client::ClientError),
    /// The new identity can't be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Asks the site for a new certificate, keeps it and returns what to go on with.
///
/// # Errors
/// [`RenewError`]. A certificate that can't be used is never kept.
pub async fn renew(
    folder: &Folder,
    identity: &Identity,
    site: &ClientApi,
) -> Result<(Identity, ClientApi), RenewError> {
    let renewal = site.renew().await?;
    let renewed = Identity { key: renewal.key_pem, certificate: renewal.certificate, ..identity.clone() };
    let site = renewed.site()?;
    renewed.save(folder)?;
    Ok((renewed, site))
}
