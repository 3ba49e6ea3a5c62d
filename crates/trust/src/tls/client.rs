//! The calling side.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use super::pinned::PinnedAuthority;
use super::{TlsError, TlsSettings, VERSIONS, certificates, private_key, provider, roots};
use crate::certificate::Fingerprint;

/// A client that trusts the authority in `ca_pem` alone, never the machine's store, and presents `identity` (chain and key in PEM) when asked.
///
/// # Errors
/// [`TlsError`] for texts that can't be read or a key that isn't the certificate's.
pub fn client_config(
    ca_pem: &str,
    identity: Option<(&str, &str)>,
    settings: &TlsSettings,
) -> Result<ClientConfig, TlsError> {
    let builder = builder(settings)?.with_root_certificates(roots(ca_pem)?);
    finish(builder, identity, settings)
}

/// A client that doesn't have the site's CA certificate yet, but knows its fingerprint from a token.
///
/// A server is accepted if it sends the CA certificate with this fingerprint in its chain, and its own certificate is good for the host name
/// and signed by that authority.
///
/// # Errors
/// [`TlsError::Version`] only.
pub fn pinned_client_config(authority: Fingerprint, settings: &TlsSettings) -> Result<ClientConfig, TlsError> {
    let verifier = Arc::new(PinnedAuthority::new(authority, provider()));
    let builder = builder(settings)?.dangerous().with_custom_certificate_verifier(verifier);
    finish(builder, None, settings)
}

fn builder(settings: &TlsSettings) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    ClientConfig::builder_with_details(provider(), Arc::clone(&settings.clock))
        .with_protocol_versions(VERSIONS)
        .map_err(TlsError::Version)
}

fn finish(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<(&str, &str)>,
    settings: &TlsSettings,
) -> Result<ClientConfig, TlsError> {
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain_pem, key_pem)) => builder
            .with_client_auth_cert(certificates(chain_pem, "client certificate")?, private_key(key_pem)?)
            .map_err(TlsError::Identity)?,
    };
    config.alpn_protocols.clone_from(&settings.alpn);
    Ok(config)
}
