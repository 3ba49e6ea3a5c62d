//! Who a certificate stands for.

use std::fmt;

use dray_model::{DeviceId, Name};
use x509_parser::extensions::GeneralName;

use super::{CertificateError, parse_der};

/// Scheme of the one name that tells who a certificate stands for.
const SCHEME: &str = "dray://";

/// A party of a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// A client: may call servers, can't be one.
    Device(DeviceId),
    /// A distribution point: calls the site and serves clients.
    Point(Name),
    /// A site server: serves only.
    Site,
}

/// A party and the site whose authority vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerIdentity {
    /// The site.
    pub site: Name,
    /// The party.
    pub identity: Identity,
}

impl PeerIdentity {
    /// Reads the identity from the certificate of a peer that TLS has verified.
    ///
    /// # Errors
    /// [`CertificateError::NoIdentity`] unless there is exactly one identity in it; an authority's own certificate has none.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, CertificateError> {
        let uri = only_uri(der)?;
        Self::from_uri(&uri).ok_or(CertificateError::NoIdentity)
    }

    /// `dray://<site>/device/<id>`, `dray://<site>/point/<name>` or `dray://<site>/site`.
    pub(super) fn to_uri(&self) -> String {
        let site = &self.site;
        match &self.identity {
            Identity::Device(id) => format!("{SCHEME}{site}/device/{id}"),
            Identity::Point(name) => format!("{SCHEME}{site}/point/{name}"),
            Identity::Site => format!("{SCHEME}{site}/site"),
        }
    }

    fn from_uri(uri: &str) -> Option<Self> {
        let mut parts = uri.strip_prefix(SCHEME)?.split('/');
        let site = parts.next()?.parse().ok()?;
        let identity = match (parts.next()?, parts.next(), parts.next()) {
            ("device", Some(id), None) => Identity::Device(id.parse().ok()?),
            ("point", Some(name), None) => Identity::Point(name.parse().ok()?),
            ("site", None, None) => Identity::Site,
            _ => return None,
        };
        Some(Self { site, identity })
    }
}

/// The name that an authority's own certificate carries: it says the site, and is nobody's identity.
pub(super) fn authority_uri(site: &Name) -> String {
    format!("{SCHEME}{site}/authority")
}

/// The site of an authority's certificate.
pub(super) fn site_of_authority(der: &[u8]) -> Result<Name, CertificateError> {
    let uri = only_uri(der)?;
    let site = uri.strip_prefix(SCHEME).and_then(|rest| rest.strip_suffix("/authority"));
    site.and_then(|site| site.parse().ok()).ok_or(CertificateError::NoIdentity)
}

/// The one URI of our scheme among the certificate's names.
fn only_uri(der: &[u8]) -> Result<String, CertificateError> {
    let certificate = parse_der(der)?;
    let names = certificate.subject_alternative_name().map_err(|_| CertificateError::Der)?;
    let names = names.ok_or(CertificateError::NoIdentity)?;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if uri.starts_with(SCHEME) => Some(*uri),
        _ => None,
    });
    match (uris.next(), uris.next()) {
        (Some(uri), None) => Ok(uri.to_owned()),
        _ => Err(CertificateError::NoIdentity),
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(id) => write!(f, "device {id}"),
            Self::Point(name) => write!(f, "point {name}"),
            Self::Site => f.write_str("site"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::time::Duration;

    use super::*;
    use crate::certificate::{CertificateAuthority, NewIdentity, first_in_pem};
    use dray_model::Timestamp;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    fn certificate() -> Vec<u8> {
        let now = Timestamp::from_secs(1_800_000_000);
        let authority = CertificateAuthority::generate(&name("acme"), now).unwrap();
        let csr = NewIdentity::generate().csr_pem;
        let addresses = ["point.example".parse().unwrap(), "192.0.2.7".parse().unwrap()];
        let point = Identity::Point(name("berlin"));
        let issued = authority.issue(&csr, &point, &addresses, Duration::from_secs(60), now).unwrap();
        first_in_pem(&issued.chain_pem).unwrap().to_vec()
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn identities_read_back() {
        for identity in [Identity::Device(DeviceId::from_random(9)), Identity::Point(name("berlin")), Identity::Site] {
            let peer = PeerIdentity { site: name("acme"), identity };
            assert_eq!(PeerIdentity::from_uri(&peer.to_uri()), Some(peer));
        }
    }

    #[test]
    fn only_the_exact_forms_are_identities() {
        let device = DeviceId::from_random(9);
        for bad in [
            "dray://acme/authority".to_owned(),
            "dray://acme/site/".to_owned(),
            "dray://acme/point/".to_owned(),
            "dray://acme/point/a/b".to_owned(),
            "dray:///site".to_owned(),
            "https://acme/site".to_owned(),
            format!("dray://acme/device/{device}/"),
            format!("dray://acme/device/{device}?x"),
            format!("DRAY://acme/device/{device}"),
        ] {
            assert_eq!(PeerIdentity::from_uri(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_certificate_that_names_two_parties_or_none_is_nobody() {
        let named = |uris: &[&str]| {
            let mut params = CertificateParams::default();
            params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            PeerIdentity::from_certificate_der(certificate.der())
        };
        assert!(named(&["https://example", "dray://acme/site"]).is_ok());
        assert_eq!(named(&["dray://acme/site", "dray://acme/point/a"]), Err(CertificateError::NoIdentity));
        assert_eq!(named(&["https://example"]), Err(CertificateError::NoIdentity));
        assert_eq!(named(&[]), Err(CertificateError::NoIdentity));
    }

    #[test]
    fn a_certificate_with_bytes_after_it_is_refused() {
        let mut der = certificate();
        assert!(PeerIdentity::from_certificate_der(&der).is_ok());
        der.push(0);
        assert_eq!(PeerIdentity::from_certificate_der(&der), Err(CertificateError::Der));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(dray://)?[a-z/0-9-]{0,40}|\\PC{0,40}") {
            if let Some(peer) = PeerIdentity::from_uri(&text) {
                prop_assert_eq!(peer.to_uri(), text);
            }
        }

        /// Reading doesn't verify, so a changed certificate may well name somebody; it must only never panic.
        #[test]
        fn a_damaged_certificate_is_read_or_refused(
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        ) {
            static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(certificate);
            let mut der = WHOLE.clone();
            for (place, byte) in damage {
                let place = place.index(der.len());
                der[place] = byte;
            }
            let _ = PeerIdentity::from_certificate_der(&der);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(PeerIdentity::from_certificate_der(&bytes).is_err());
        }
    }
}
