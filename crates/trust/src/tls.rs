//! TLS configurations: version 1.3 only, AWS-LC as the provider, trust in the site's own authority and nobody else.
//!
//! A server is verified by host name under the authority; a client by its certificate under the authority ([`ClientAuth`]); a client
//! that isn't enrolled yet knows the authority by fingerprint only ([`pinned_client_config`]).
//! Whether a verified device is still welcome (revocation) is decided by the site for each request, not here.

mod client;
mod pinned;
mod server;

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};

pub use client::{client_config, pinned_client_config};
pub use server::{ClientAuth, server_config};

const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// What is the same for servers and clients.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Application protocols offered or accepted, the preferred first; empty for no negotiation (clients whose HTTP library adds its own).
    pub alpn: Vec<Vec<u8>>,
    /// The time that certificates are checked against.
    pub clock: Arc<dyn TimeProvider>,
}

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM text that can't be read or has nothing of the kind in it.
    #[error("cannot read the {what} from PEM")]
    Pem {
        /// What should stand in the text.
        what: &'static str,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A certificate that can't be trusted as an authority.
    #[error("cannot use the CA certificate as a trust anchor")]
    Authority(#[source] rustls::Error),
    /// A certificate and key that don't fit together or aren't supported.
    #[error("cannot use the certificate with its key")]
    Identity(#[source] rustls::Error),
    /// A verifier that can't be made.
    #[error("cannot set up the verification of peer certificates")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
    /// The provider doesn't do TLS 1.3.
    #[error("cannot set up TLS 1.3")]
    Version(#[source] rustls::Error),
}

impl TlsSettings {
    /// HTTP/2, else HTTP/1.1; the machine's clock.
    #[must_use]
    pub fn http() -> Self {
        Self::without_alpn().with_alpn([b"h2".as_slice(), b"http/1.1"])
    }

    /// No protocol negotiation; the machine's clock.
    #[must_use]
    pub fn without_alpn() -> Self {
        Self { alpn: Vec::new(), clock: Arc::new(DefaultTimeProvider) }
    }

    /// Sets the application protocols, the preferred first.
    #[must_use]
    pub fn with_alpn<'a>(mut self, protocols: impl IntoIterator<Item = &'a [u8]>) -> Self {
        self.alpn = protocols.into_iter().map(<[u8]>::to_vec).collect();
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn TimeProvider>) -> Self {
        self.clock = clock;
        self
    }
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self::http()
    }
}

/// Makes AWS-LC the provider of TLS configurations that other libraries make. Programs call it first in `main`; calling it again does nothing.
pub fn install_provider() {
    // An error says that a provider is installed already; the tree holds no second one.
    let _ = aws_lc_rs::default_provider().install_default();
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// All certificates of a PEM text, at least one.
fn certificates(pem: &str, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Pem { what, source })?;
    if certificates.is_empty() {
        return Err(TlsError::Pem { what, source: pem::Error::NoItemsFound });
    }
    Ok(certificates)
}

fn private_key(pem: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|source| TlsError::Pem { what: "private key", source })
}

fn roots(ca_pem: &str) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca_pem, "CA certificate")? {
        roots.add(certificate).map_err(TlsError::Authority)?;
    }
    Ok(Arc::new(roots))
}
