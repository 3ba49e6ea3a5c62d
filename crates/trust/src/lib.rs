//! Who may say what: signed documents, keys and roles, certificates, TLS configurations and bearer secrets.
//!
//! Clients trust signatures, not servers, points or networks: bytes become a document only by [`open_document`], and a
//! peer becomes a device, a point or the site only by the certificate that the site's own authority issued
//! ([`CertificateAuthority`], [`PeerIdentity`]).
//!
//! Nothing here waits, opens a socket or a file, or reads a clock: time is an argument, and inside TLS it is rustls'
//! [`TimeProvider`](rustls::time_provider::TimeProvider). Randomness is drawn (from AWS-LC) only where a key, a secret
//! or a certificate's serial number is made. AWS-LC is named in this crate alone; everyone else gets
//! configurations and signers from here.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod certificate;
pub mod document;
pub mod envelope;
pub mod keys;
mod random;
pub mod tls;
pub mod token;

pub use certificate::{
    Address, CertificateAuthority, Fingerprint, Identity, IssuedCertificate, NewIdentity, PeerIdentity, Validity,
    certificate_validity,
};
pub use document::{Sealed, open_document, seal_document};
pub use envelope::{Envelope, EnvelopeError, Limits, Verified};
pub use keys::{KeyId, PublicKey, Role, SigningKey, TrustedKeys};
pub use random::random_bits;
pub use tls::{ClientAuth, TlsSettings, client_config, install_provider, pinned_client_config, server_config};
pub use token::{Secret, Token, TokenHash, TokenKind};
