//! What the authority puts into certificates, whatever requests ask for.

use dray_model::DeviceId;
use rcgen::{BasicConstraints, DnType, KeyPair};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::*;
use crate::certificate::request::generate_key;
use crate::certificate::{NewIdentity, certificate_validity, first_in_pem, parse_der};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> Timestamp {
    "2026-11-22T17:00:00.5Z".parse().unwrap()
}

fn authority() -> CertificateAuthority {
    CertificateAuthority::generate(&"acme".parse().unwrap(), now()).unwrap()
}

fn device() -> Identity {
    Identity::Device(DeviceId::from_random(42))
}

fn addresses(texts: &[&str]) -> Vec<Address> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn identity_in(issued: &IssuedCertificate) -> PeerIdentity {
    PeerIdentity::from_certificate_der(&first_in_pem(&issued.chain_pem).unwrap()).unwrap()
}

#[test]
fn a_certificate_tells_when_it_was_issued() {
    let csr = NewIdentity::generate().csr_pem;
    let issued = authority().issue(&csr, &device(), &[], DAY, now()).unwrap();
    let at = super::super::issued_at(&first_in_pem(&issued.chain_pem).unwrap()).unwrap();
    assert_eq!(at, "2026-11-22T17:00:00Z".parse().unwrap());
}

fn names<'a>(certificate: &'a X509Certificate<'_>) -> Vec<&'a GeneralName<'a>> {
    certificate.subject_alternative_name().unwrap().unwrap().value.general_names.iter().collect()
}

/// A request that asks for everything: another identity, a host name, an authority's rights and a subject.
fn greedy_request(key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "site");
    params.subject_alt_names = vec![
        SanType::URI("dray://acme/site".try_into().unwrap()),
        SanType::DnsName("site.example".try_into().unwrap()),
    ];
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.serialize_request(key).unwrap().pem().unwrap()
}

#[test]
fn a_request_gets_none_of_what_it_asks_for() {
    let authority = authority();
    let issued = authority.issue(&greedy_request(&generate_key()), &device(), &[], DAY, now()).unwrap();
    assert_eq!(identity_in(&issued), PeerIdentity { site: "acme".parse().unwrap(), identity: device() });
    let der = first_in_pem(&issued.chain_pem).unwrap();
    let certificate = parse_der(&der).unwrap();
    assert!(!certificate.is_ca());
    assert_eq!(names(&certificate).len(), 1);
    assert!(!certificate.subject().to_string().contains("CN=site"));
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
}

#[test]
fn each_party_may_do_what_it_is_for() {
    let authority = authority();
    let here = addresses(&["point.example", "192.0.2.7"]);
    for (subject, addresses, calls, serves) in [
        (device(), &[][..], true, false),
        (Identity::Point("berlin".parse().unwrap()), &here[..], true, true),
        (Identity::Site, &here[..], false, true),
    ] {
        let csr = NewIdentity::generate().csr_pem;
        let issued = authority.issue(&csr, &subject, addresses, DAY, now()).unwrap();
        assert_eq!(identity_in(&issued).identity, subject);
        let der = first_in_pem(&issued.chain_pem).unwrap();
        let certificate = parse_der(&der).unwrap();
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert_eq!((usage.client_auth, usage.server_auth), (calls, serves), "{subject}");
        assert_eq!(names(&certificate).len(), 1 + addresses.len());
    }
}

#[test]
fn addresses_belong_to_servers_only() {
    let authority = authority();
    let csr = NewIdentity::generate().csr_pem;
    let one = addresses(&["site.example"]);
    let many = vec![one[0].clone(); ADDRESSES_MAX + 1];
    for (subject, addresses) in [(device(), &one[..]), (Identity::Site, &[][..]), (Identity::Site, &many[..])] {
        let refused = authority.issue(&csr, &subject, addresses, DAY, now());
        assert!(matches!(refused, Err(IssueError::Addresses { .. })), "{subject}");
    }
}

#[test]
fn the_validity_is_what_was_asked_for_with_a_little_time_before() {
    let issued = authority().issue(&NewIdentity::generate().csr_pem, &device(), &[], DAY, now()).unwrap();
    assert_eq!(certificate_validity(&issued.chain_pem), Ok(issued.validity));
    assert_eq!(issued.validity.not_before.to_string(), "2026-11-22T16:55:00Z");
    assert_eq!(issued.validity.not_after.to_string(), "2026-11-23T17:00:00Z");
}

#[test]
fn nothing_outlives_the_authority() {
    let authority = authority();
    let csr = NewIdentity::generate().csr_pem;
    let issued = authority.issue(&csr, &device(), &[], Duration::MAX, now()).unwrap();
    assert_eq!(issued.validity.not_after, authority.validity().not_after);
    let later = authority.validity().not_after + DAY;
    let refused = authority.issue(&csr, &device(), &[], DAY, later);
    assert!(matches!(refused, Err(IssueError::AuthorityNotValid { .. })));
}

#[test]
fn two_certificates_for_one_key_have_different_serial_numbers() {
    let authority = authority();
    let csr = NewIdentity::generate().csr_pem;
    let [one, two] = [(); 2].map(|()| authority.issue(&csr, &device(), &[], DAY, now()).unwrap());
    let serial = |issued: &IssuedCertificate| {
        parse_der(&first_in_pem(&issued.chain_pem).unwrap()).unwrap().raw_serial().to_vec()
    };
    assert_ne!(serial(&one), serial(&two));
    assert_ne!(one.fingerprint, two.fingerprint);
}
