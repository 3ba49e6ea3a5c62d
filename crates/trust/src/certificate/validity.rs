//! From when to when a certificate is good.

use dray_model::Timestamp;
use x509_parser::certificate::X509Certificate;

use super::{BACKDATING, CertificateError, first_in_pem, parse_der};

/// The time in which a certificate is good; both ends belong to it, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First good second.
    pub not_before: Timestamp,
    /// Last good second.
    pub not_after: Timestamp,
}

impl Validity {
    /// Whether the certificate is good at `now`.
    #[must_use]
    pub fn contains(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// When to ask for the next certificate: after two thirds of the time, so that a third is left for trying again.
    #[must_use]
    pub fn renew_at(&self) -> Timestamp {
        self.not_before + self.not_after.since(self.not_before) / 3 * 2
    }
}

/// The validity of the first certificate of a PEM text.
///
/// # Errors
/// [`CertificateError::Pem`] or [`CertificateError::Der`].
pub fn certificate_validity(pem: &str) -> Result<Validity, CertificateError> {
    Ok(of_parsed(&parse_der(&first_in_pem(pem)?)?))
}

/// When the authority issued this certificate, to the second: it begins to be good [`BACKDATING`] earlier.
///
/// # Errors
/// [`CertificateError::Der`].
pub fn issued_at(der: &[u8]) -> Result<Timestamp, CertificateError> {
    Ok(of_parsed(&parse_der(der)?).not_before + BACKDATING)
}

pub(crate) fn of_parsed(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        not_before: Timestamp::from_secs(validity.not_before.timestamp()),
        not_after: Timestamp::from_secs(validity.not_after.timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_is_due_after_two_thirds() {
        let at = |secs| Timestamp::from_secs(secs);
        let validity = Validity { not_before: at(1000), not_after: at(1300) };
        assert_eq!(validity.renew_at(), at(1200));
        assert!(validity.contains(at(1000)) && validity.contains(at(1300)));
        assert!(!validity.contains(at(999)) && !validity.contains(at(1301)));
    }
}
