//! Trust in an authority that is known by fingerprint only, for the time of enrolment.
//!
//! Adds one step to rustls' own verification: find the trust anchor among the certificates that the server sent. Host name, validity,
//! usage and signatures are checked by rustls under that anchor.

use std::sync::Arc;

use dray_model::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::certificate::{Fingerprint, parse_der, validity_of_parsed};

#[derive(Debug)]
pub(super) struct PinnedAuthority {
    authority: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl PinnedAuthority {
    pub(super) const fn new(authority: Fingerprint, provider: Arc<CryptoProvider>) -> Self {
        Self { authority, provider }
    }

    /// The trust anchor, if the server sent it and it is an authority at this time (rustls takes anchors as they are).
    fn anchor(&self, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<Arc<RootCertStore>, Error> {
        let der = sent
            .iter()
            .find(|der| Fingerprint::of(der) == self.authority)
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let certificate = parse_der(der).map_err(|_| CertificateError::BadEncoding)?;
        if !certificate.is_ca() {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let now = Timestamp::from_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        if !validity_of_parsed(&certificate).contains(now) {
            return Err(CertificateError::Expired.into());
        }
        let mut roots = RootCertStore::empty();
        roots.add(der.clone().into_owned())?;
        Ok(Arc::new(roots))
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let roots = self.anchor(intermediates, now)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        // The authority issues directly: no certificate between it and the server's is needed or looked at.
        verifier.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
