//! The serving side.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};

use super::{TlsError, TlsSettings, VERSIONS, certificates, private_key, provider, roots};

/// Whether callers show a certificate of the site's authority (PEM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// They aren't asked.
    None,
    /// They may; a bad certificate is refused, none is accepted.
    Optional(String),
    /// They must.
    Required(String),
}

/// A server that presents `chain_pem` (its own certificate first, the authority's after it, so that enrolling clients can pin that).
///
/// Where clients show certificates, sessions aren't resumed: a resumed session would carry an identity whose certificate may
/// have expired meanwhile.
///
/// # Errors
/// [`TlsError`] for texts that can't be read or a key that isn't the certificate's.
pub fn server_config(
    chain_pem: &str,
    key_pem: &str,
    client_auth: &ClientAuth,
    settings: &TlsSettings,
) -> Result<ServerConfig, TlsError> {
    let chain = certificates(chain_pem, "server certificate")?;
    let mut config = ServerConfig::builder_with_details(provider(), Arc::clone(&settings.clock))
        .with_protocol_versions(VERSIONS)
        .map_err(TlsError::Version)?
        .with_client_cert_verifier(verifier(client_auth)?)
        .with_single_cert(chain, private_key(key_pem)?)
        .map_err(TlsError::Identity)?;
    config.alpn_protocols.clone_from(&settings.alpn);
    if *client_auth != ClientAuth::None {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(config)
}

fn verifier(client_auth: &ClientAuth) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let builder =
        |ca_pem: &str| Ok::<_, TlsError>(WebPkiClientVerifier::builder_with_provider(roots(ca_pem)?, provider()));
    Ok(match client_auth {
        ClientAuth::None => Arc::new(NoClientAuth),
        ClientAuth::Optional(ca_pem) => builder(ca_pem)?.allow_unauthenticated().build()?,
        ClientAuth::Required(ca_pem) => builder(ca_pem)?.build()?,
    })
}
