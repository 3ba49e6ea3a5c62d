//! Certificate requests: made by a party for its own key, read by the authority.
//!
//! A request proves that the requester has the private key. Whatever else stands in it is not looked at.

use std::fmt;

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::IssueError;

/// Longest request in PEM that is read, in bytes. One of ours has about 400.
pub const REQUEST_BYTES_MAX: usize = 16 << 10;

/// A new key of a party and its request for a certificate. The key stays where it was made; its debug form hides it.
pub struct NewIdentity {
    /// The private key, ECDSA P-256 as PKCS#8 in PEM. If it is written to a file, nobody else may be able to read that.
    pub key_pem: String,
    /// The request to send to the site, in PEM.
    pub csr_pem: String,
}

impl NewIdentity {
    /// Draws a key and writes a request without names: the authority says who the party is.
    #[must_use]
    pub fn generate() -> Self {
        let key = generate_key();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key).expect("a request of a P-256 key without names can be written");
        let csr_pem = request.pem().expect("a request that was just written has a PEM form");
        Self { key_pem: key.serialize_pem(), csr_pem }
    }
}

impl fmt::Debug for NewIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewIdentity").field("csr_pem", &self.csr_pem).finish_non_exhaustive()
    }
}

pub(super) fn generate_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("AWS-LC aborts the process rather than run without entropy")
}

/// A P-256 public key that has signed its request.
pub(super) struct RequestedKey(Vec<u8>);

impl RequestedKey {
    /// Reads a request and checks its signature.
    pub(super) fn read(csr_pem: &str) -> Result<Self, IssueError> {
        if csr_pem.len() > REQUEST_BYTES_MAX {
            return Err(IssueError::RequestTooLarge(csr_pem.len()));
        }
        let der = CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|_| IssueError::Request)?;
        let Ok(([], request)) = X509CertificationRequest::from_der(&der) else {
            return Err(IssueError::Request);
        };
        let key = &request.certification_request_info.subject_pki;
        if !is_p256(key) {
            return Err(IssueError::KeyKind);
        }
        request.verify_signature().map_err(|_| IssueError::RequestSignature)?;
        Ok(Self(key.subject_public_key.data.to_vec()))
    }
}

/// An uncompressed point on P-256, by both the key's and the curve's object identifier.
fn is_p256(key: &SubjectPublicKeyInfo<'_>) -> bool {
    let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    let point = &key.subject_public_key.data;
    key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY
        && curve == Some(OID_EC_P256)
        && point.len() == 65
        && point[0] == 4
}

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    fn to_pem(der: &[u8]) -> String {
        let body = STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n")
    }

    #[test]
    fn our_own_requests_are_read() {
        let identity = NewIdentity::generate();
        let key = KeyPair::from_pem(&identity.key_pem).unwrap();
        assert_eq!(RequestedKey::read(&identity.csr_pem).unwrap().der_bytes(), key.public_key_raw());
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        for kind in [&PKCS_ED25519, &PKCS_ECDSA_P384_SHA384] {
            let key = KeyPair::generate_for(kind).unwrap();
            let csr = CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
            assert!(matches!(RequestedKey::read(&csr), Err(IssueError::KeyKind)));
        }
    }

    /// Made with OpenSSL; points on this curve have the same length as ours.
    #[test]
    fn a_key_on_another_curve_of_the_same_size_is_refused() {
        let csr = include_str!("../../tests/data/secp256k1-request.pem");
        assert!(matches!(RequestedKey::read(csr), Err(IssueError::KeyKind)));
    }

    #[test]
    fn a_request_for_a_key_that_did_not_sign_it_is_refused() {
        let (victim, thief) = (generate_key(), generate_key());
        let mut der = CertificateParams::default().serialize_request(&thief).unwrap().der().to_vec();
        let place = der.windows(65).position(|bytes| bytes == thief.public_key_raw()).unwrap();
        der[place..place + 65].copy_from_slice(victim.public_key_raw());
        assert!(matches!(RequestedKey::read(&to_pem(&der)), Err(IssueError::RequestSignature)));
    }

    #[test]
    fn a_request_that_is_too_large_is_not_read() {
        let csr = NewIdentity::generate().csr_pem + &" ".repeat(REQUEST_BYTES_MAX);
        assert!(matches!(RequestedKey::read(&csr), Err(IssueError::RequestTooLarge(_))));
    }

    #[test]
    fn the_debug_form_shows_no_key() {
        let identity = NewIdentity::generate();
        assert!(!format!("{identity:?}").contains("PRIVATE"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(RequestedKey::read(&to_pem(&bytes)).is_err());
        }

        /// What the signature doesn't cover may change, the key never.
        #[test]
        fn a_damaged_request_never_gives_another_key(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let key = generate_key();
            let mut der = CertificateParams::default().serialize_request(&key).unwrap().der().to_vec();
            let place = place.index(der.len());
            der[place] = byte;
            if let Ok(read) = RequestedKey::read(&to_pem(&der)) {
                prop_assert_eq!(read.der_bytes(), key.public_key_raw());
            }
        }
    }
}
