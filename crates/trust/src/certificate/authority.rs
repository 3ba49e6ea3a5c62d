//! The site's certificate authority: made once, loaded at each start.
//!
//! ECDSA P-256, self-signed, allowed to issue to end parties only (path length 0). Issuing is in [`super::issue`].

use std::fmt;
use std::time::{Duration, SystemTime};

use dray_model::{Name, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};

use super::identity::{authority_uri, site_of_authority};
use super::request::generate_key;
use super::{BACKDATING, CertificateError, Fingerprint, Validity, first_in_pem, parse_der, validity_of_parsed};
use crate::random;

/// Life of an authority's certificate: 20 years of 365 days. Replacing it means enrolling every client again.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(20 * 365 * 24 * 60 * 60);

/// The site's certificate authority with its private key. Its debug form hides the key.
pub struct CertificateAuthority {
    pub(super) site: Name,
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) certificate_pem: String,
    pub(super) validity: Validity,
    fingerprint: Fingerprint,
}

/// Why an authority can't be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The certificate can't be read or isn't one of a Dray authority.
    #[error("cannot read the site's CA certificate")]
    Certificate(#[from] CertificateError),
    /// A certificate that may not issue others.
    #[error("the site's CA certificate does not belong to a certificate authority")]
    NotAnAuthority,
    /// The key can't be read or isn't ECDSA P-256.
    #[error("cannot read the site's CA key; expected an ECDSA P-256 private key in PKCS#8 PEM")]
    Key(#[source] rcgen::Error),
    /// The key of another certificate.
    #[error("the site's CA key does not match its CA certificate")]
    OtherKey,
    /// The certificate can't be written.
    #[error("cannot create the CA certificate for the site {site}")]
    Make {
        /// The site.
        site: Name,
        /// What stood in the way.
        source: rcgen::Error,
    },
}

impl CertificateAuthority {
    /// Makes a new authority, valid from `now` (less [`BACKDATING`]) for [`AUTHORITY_LIFETIME`].
    ///
    /// # Errors
    /// [`AuthorityError::Make`] for a `now` outside of what certificates can express.
    pub fn generate(site: &Name, now: Timestamp) -> Result<Self, AuthorityError> {
        let make = |source| AuthorityError::Make { site: site.clone(), source };
        let key = generate_key();
        let mut params = CertificateParams::default();
        params.serial_number = Some(serial_number());
        params.distinguished_name = common_name(&format!("Dray site {site}"));
        params.subject_alt_names = vec![SanType::URI(authority_uri(site).try_into().map_err(make)?)];
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = instant(now - BACKDATING).ok_or_else(|| make(rcgen::Error::Time))?.into();
        params.not_after = instant(now + AUTHORITY_LIFETIME).ok_or_else(|| make(rcgen::Error::Time))?.into();
        let certificate_pem = params.self_signed(&key).map_err(make)?.pem();
        Self::from_parts(&certificate_pem, key)
    }

    /// Loads what [`ca_pem`](Self::ca_pem) and [`key_pem`](Self::key_pem) gave.
    ///
    /// # Errors
    /// Texts that aren't those of one Dray authority. An expired authority loads, but issues nothing.
    pub fn from_pem(ca_pem: &str, key_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Key)?;
        Self::from_parts(ca_pem, key)
    }

    fn from_parts(ca_pem: &str, key: KeyPair) -> Result<Self, AuthorityError> {
        if !key.is_compatible(&PKCS_ECDSA_P256_SHA256) {
            return Err(AuthorityError::Key(rcgen::Error::UnsupportedSignatureAlgorithm));
        }
        let der = first_in_pem(ca_pem)?;
        let certificate = parse_der(&der)?;
        if !certificate.is_ca() {
            return Err(AuthorityError::NotAnAuthority);
        }
        if *certificate.public_key().subject_public_key.data != *key.public_key_raw() {
            return Err(AuthorityError::OtherKey);
        }
        let validity = validity_of_parsed(&certificate);
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|_| CertificateError::Der)?;
        let (site, fingerprint) = (site_of_authority(&der)?, Fingerprint::of(&der));
        Ok(Self { site, issuer, certificate_pem: ca_pem.to_owned(), validity, fingerprint })
    }

    /// The site that this authority is of.
    #[must_use]
    pub const fn site(&self) -> &Name {
        &self.site
    }

    /// The certificate in PEM: what clients trust after enrolment.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key as PKCS#8 in PEM. If it is written to a file, nobody else may be able to read that.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// What tokens carry and enrolling clients pin.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// From when to when the authority itself is good.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthority")
            .field("site", &self.site)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// Certificates count whole seconds from 1950 to 9999; ours start after 1970.
pub(super) fn instant(at: Timestamp) -> Option<SystemTime> {
    let secs = u64::try_from(at.micros().div_euclid(1_000_000)).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(secs))
}

/// 16 random bytes, positive and not zero as RFC 5280 (4.1.2.2) wants it: no two certificates share a number.
pub(super) fn serial_number() -> SerialNumber {
    let mut bytes: [u8; 16] = random::bytes();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// A subject for people to read; nothing is decided by it.
pub(super) fn common_name(text: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    // X.520 ends a common name at 64 characters.
    subject.push(DnType::CommonName, text.chars().take(64).collect::<String>());
    subject
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Identity, NewIdentity, PeerIdentity};

    fn now() -> Timestamp {
        "2026-11-22T17:00:00Z".parse().unwrap()
    }

    fn authority() -> CertificateAuthority {
        CertificateAuthority::generate(&"acme".parse().unwrap(), now()).unwrap()
    }

    #[test]
    fn an_authority_survives_its_text_form() {
        let made = authority();
        let read = CertificateAuthority::from_pem(made.ca_pem(), &made.key_pem()).unwrap();
        assert_eq!(
            (read.site(), read.fingerprint(), read.validity()),
            (made.site(), made.fingerprint(), made.validity())
        );
        assert_eq!(Fingerprint::of_pem(made.ca_pem()), Ok(made.fingerprint()));
    }

    #[test]
    fn the_key_of_another_authority_is_refused() {
        let refused = CertificateAuthority::from_pem(authority().ca_pem(), &authority().key_pem());
        assert!(matches!(refused, Err(AuthorityError::OtherKey)));
    }

    #[test]
    fn the_certificate_of_a_device_is_no_authority() {
        let identity = NewIdentity::generate();
        let device = Identity::Device(dray_model::DeviceId::from_random(1));
        let issued = authority().issue(&identity.csr_pem, &device, &[], Duration::from_secs(60), now()).unwrap();
        let refused = CertificateAuthority::from_pem(&issued.chain_pem, &identity.key_pem);
        assert!(matches!(refused, Err(AuthorityError::NotAnAuthority)));
    }

    #[test]
    fn an_authority_is_nobody_as_a_peer() {
        let der = first_in_pem(authority().ca_pem()).unwrap();
        assert_eq!(PeerIdentity::from_certificate_der(&der), Err(CertificateError::NoIdentity));
    }

    #[test]
    fn texts_that_are_neither_certificate_nor_key_are_refused() {
        let made = authority();
        assert!(matches!(CertificateAuthority::from_pem("", &made.key_pem()), Err(AuthorityError::Certificate(_))));
        assert!(matches!(CertificateAuthority::from_pem(made.ca_pem(), "x"), Err(AuthorityError::Key(_))));
        let ed25519 = crate::keys::SigningKey::generate().to_pem();
        assert!(matches!(CertificateAuthority::from_pem(made.ca_pem(), &ed25519), Err(AuthorityError::Key(_))));
    }

    #[test]
    fn the_debug_form_shows_no_key() {
        let made = authority();
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }
}
