//! The site's own certificate authority, what it issues, and what is read from a peer's certificate.
//!
//! Who a peer is stands in exactly one place of its certificate, a subject alternative name `dray://<site>/…` that
//! only the authority writes ([`Identity`]). Requests contribute a public key and nothing else. Reading a certificate here
//! doesn't verify it: TLS has done that against the authority before ([`crate::tls`]).

mod address;
mod authority;
mod fingerprint;
mod identity;
mod issue;
mod request;
mod validity;

pub use address::{Address, InvalidAddress};
pub use authority::{AUTHORITY_LIFETIME, AuthorityError, CertificateAuthority};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use identity::{Identity, PeerIdentity};
pub use issue::{ADDRESSES_MAX, BACKDATING, IssueError, IssuedCertificate};
pub use request::{NewIdentity, REQUEST_BYTES_MAX};
pub use validity::{Validity, certificate_validity, issued_at};

pub(crate) use validity::of_parsed as validity_of_parsed;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;

/// Why a certificate can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No certificate in the text.
    #[error("no certificate found; expected PEM text (BEGIN CERTIFICATE)")]
    Pem,
    /// Bytes that are no X.509 certificate.
    #[error("cannot parse the X.509 certificate")]
    Der,
    /// A certificate that this site's kind of authority didn't write.
    #[error("the certificate names no device, point or site")]
    NoIdentity,
}

/// The first certificate of a PEM text: of a chain, the one that the chain is about.
pub(crate) fn first_in_pem(pem: &str) -> Result<CertificateDer<'static>, CertificateError> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| CertificateError::Pem)
}

/// Parses one certificate with nothing after it.
pub(crate) fn parse_der(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(CertificateError::Der),
    }
}
