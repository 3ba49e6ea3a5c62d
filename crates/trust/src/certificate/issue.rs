//! Issuing certificates to devices, points and site servers.
//!
//! The request gives the public key. Identity, names, usage and validity come from the caller and from the rules here:
//! devices can't serve, site servers can't call, and nobody gets a certificate that could issue others.

use std::time::Duration;

use dray_model::Timestamp;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};

use super::address::Address;
use super::authority::{common_name, instant, serial_number};
use super::request::RequestedKey;
use super::{CertificateAuthority, Fingerprint, Identity, PeerIdentity, REQUEST_BYTES_MAX, Validity};

/// Most addresses in one certificate.
pub const ADDRESSES_MAX: usize = 64;

/// How far before `now` a certificate begins to be good, for peers whose clock is behind.
pub const BACKDATING: Duration = Duration::from_secs(5 * 60);

/// A certificate fresh from the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate, followed by that of the authority, in PEM: what its owner presents.
    pub chain_pem: String,
    /// Fingerprint of the certificate, for the records.
    pub fingerprint: Fingerprint,
    /// From when to when it is good.
    pub validity: Validity,
}

/// Why no certificate was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// More bytes than a request needs.
    #[error("the certificate request has {0} bytes, the limit is {REQUEST_BYTES_MAX}")]
    RequestTooLarge(usize),
    /// Not a certificate request.
    #[error("cannot read the certificate request; expected PKCS#10 in PEM (BEGIN CERTIFICATE REQUEST)")]
    Request,
    /// A key of another kind.
    #[error("the certificate request is for the wrong kind of key; expected ECDSA P-256")]
    KeyKind,
    /// The requester didn't prove that it has the private key.
    #[error("the certificate request is not signed with its own key")]
    RequestSignature,
    /// A server without addresses, or addresses for a party that doesn't serve.
    #[error(
        "wrong number of addresses in the certificate for {subject}: {found}; expected {}",
        expected_addresses(subject)
    )]
    Addresses {
        /// Whom it was for.
        subject: Identity,
        /// Addresses given.
        found: usize,
    },
    /// The authority isn't good at this time.
    #[error("the site's certificate authority is valid from {not_before} to {not_after}, and it is now {now}")]
    AuthorityNotValid {
        /// The authority's first second.
        not_before: Timestamp,
        /// The authority's last second.
        not_after: Timestamp,
        /// When the certificate was asked for.
        now: Timestamp,
    },
    /// The certificate can't be written.
    #[error("cannot issue the certificate for {subject}")]
    Write {
        /// Whom it was for.
        subject: Identity,
        /// What stood in the way.
        source: rcgen::Error,
    },
}

const fn expected_addresses(subject: &Identity) -> &'static str {
    match subject {
        Identity::Device(_) => "none",
        Identity::Point(_) | Identity::Site => "1 to 64",
    }
}

impl CertificateAuthority {
    /// Issues a certificate to `subject` for the key in the request, valid from `now` (less [`BACKDATING`]) for `valid`, but not
    /// longer than the authority itself.
    ///
    /// Devices may call servers (mTLS); points call and serve; site servers serve. `addresses` are where a server is
    /// reached: anyone who may name them decides whom clients can be made to believe they talk to, so a point never gets the site's.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(
        &self,
        csr_pem: &str,
        subject: &Identity,
        addresses: &[Address],
        valid: Duration,
        now: Timestamp,
    ) -> Result<IssuedCertificate, IssueError> {
        let key = RequestedKey::read(csr_pem)?;
        check_addresses(subject, addresses)?;
        let Validity { not_before, not_after } = self.validity;
        if !self.validity.contains(now) {
            return Err(IssueError::AuthorityNotValid { not_before, not_after, now });
        }
        let validity =
            Validity { not_before: (now - BACKDATING).max(not_before), not_after: (now + valid).min(not_after) };
        let write = |source| IssueError::Write { subject: subject.clone(), source };
        let params = self.parameters(subject, addresses, validity).map_err(write)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(write)?;
        Ok(IssuedCertificate {
            chain_pem: certificate.pem() + &self.certificate_pem,
            fingerprint: Fingerprint::of(certificate.der()),
            validity: whole_seconds(validity),
        })
    }

    fn parameters(
        &self,
        subject: &Identity,
        addresses: &[Address],
        validity: Validity,
    ) -> Result<CertificateParams, rcgen::Error> {
        let peer = PeerIdentity { site: self.site.clone(), identity: subject.clone() };
        let mut params = CertificateParams::default();
        params.serial_number = Some(serial_number());
        params.distinguished_name = common_name(&subject.to_string());
        params.subject_alt_names = vec![SanType::URI(peer.to_uri().try_into()?)];
        for address in addresses {
            params.subject_alt_names.push(match address {
                Address::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
                Address::Ip(ip) => SanType::IpAddress(*ip),
            });
        }
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages(subject);
        params.use_authority_key_identifier_extension = true;
        params.not_before = instant(validity.not_before).ok_or(rcgen::Error::Time)?.into();
        params.not_after = instant(validity.not_after).ok_or(rcgen::Error::Time)?.into();
        Ok(params)
    }
}

fn usages(subject: &Identity) -> Vec<ExtendedKeyUsagePurpose> {
    match subject {
        Identity::Device(_) => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Identity::Point(_) => vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth],
        Identity::Site => vec![ExtendedKeyUsagePurpose::ServerAuth],
    }
}

fn check_addresses(subject: &Identity, addresses: &[Address]) -> Result<(), IssueError> {
    let found = addresses.len();
    let right = match subject {
        Identity::Device(_) => found == 0,
        Identity::Point(_) | Identity::Site => (1..=ADDRESSES_MAX).contains(&found),
    };
    if right { Ok(()) } else { Err(IssueError::Addresses { subject: subject.clone(), found }) }
}

/// As the certificate says it.
fn whole_seconds(validity: Validity) -> Validity {
    let floor = |at: Timestamp| Timestamp::from_secs(at.micros().div_euclid(1_000_000));
    Validity { not_before: floor(validity.not_before), not_after: floor(validity.not_after) }
}

#[cfg(test)]
mod tests;
