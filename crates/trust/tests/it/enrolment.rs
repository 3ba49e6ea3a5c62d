//! Clients that know the authority by its fingerprint only.

use dray_trust::{CertificateAuthority, ClientAuth, Fingerprint, Identity, Token, TokenKind, pinned_client_config};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, Error, ServerConfig};

use crate::world::{DAY, HOST, Party, authority, connect, device, enrolled, server, settings, settings_at, start};

fn pinning(authority: &CertificateAuthority) -> ClientConfig {
    pinned_client_config(authority.fingerprint(), &settings()).unwrap()
}

fn site(party: &Party) -> ServerConfig {
    server(party, &ClientAuth::None)
}

/// The certificates of a chain, each as a PEM text.
fn links(party: &Party) -> Vec<String> {
    let end = "-----END CERTIFICATE-----";
    party.chain_pem.split_inclusive(end).filter(|link| link.contains(end)).map(str::to_owned).collect()
}

#[test]
fn the_site_of_the_token_is_accepted() {
    let authority = authority();
    let text = Token::generate(TokenKind::Enrolment, authority.fingerprint()).reveal();
    let token = Token::parse(TokenKind::Enrolment, &text).unwrap();
    let client = pinned_client_config(token.authority, &settings()).unwrap();
    let connected = connect(client, site(&enrolled(&authority, &Identity::Site, &[HOST]))).unwrap();
    let sent = connected.client.peer_certificates().unwrap();
    assert_eq!(Fingerprint::of(&sent[1]), authority.fingerprint());
}

#[test]
fn another_site_is_refused() {
    let refused = connect(pinning(&authority()), site(&enrolled(&authority(), &Identity::Site, &[HOST])));
    assert_eq!(refused.unwrap_err(), Error::InvalidCertificate(CertificateError::UnknownIssuer));
}

#[test]
fn a_server_that_only_shows_the_right_authority_is_refused() {
    let (ours, theirs) = (authority(), authority());
    let thief = enrolled(&theirs, &Identity::Site, &[HOST]);
    let chain_pem = format!("{}\n{}", links(&thief)[0], ours.ca_pem());
    let refused = connect(pinning(&ours), site(&Party { chain_pem, key_pem: thief.key_pem })).unwrap_err();
    assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused:?}");
}

#[test]
fn a_server_that_does_not_show_its_authority_is_refused() {
    let authority = authority();
    let party = enrolled(&authority, &Identity::Site, &[HOST]);
    let chain_pem = links(&party)[0].clone();
    let refused = connect(pinning(&authority), site(&Party { chain_pem, key_pem: party.key_pem }));
    assert_eq!(refused.unwrap_err(), Error::InvalidCertificate(CertificateError::UnknownIssuer));
}

#[test]
fn a_server_under_another_name_is_refused() {
    let authority = authority();
    let refused = connect(pinning(&authority), site(&enrolled(&authority, &Identity::Site, &["other.example"])));
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_device_cannot_pose_as_the_site() {
    let authority = authority();
    assert!(connect(pinning(&authority), site(&enrolled(&authority, &device(), &[]))).is_err());
}

/// A server certificate good for a century, signed with whatever key and certificate are at hand: what our authority never issues.
fn forged(issuer_pem: &str, issuer_key_pem: &str) -> Party {
    let issuer_der = CertificateDer::from_pem_slice(issuer_pem.as_bytes()).unwrap();
    let issuer = Issuer::from_ca_cert_der(&issuer_der, KeyPair::from_pem(issuer_key_pem).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_after = rcgen::date_time_ymd(2126, 1, 1);
    let chain_pem = format!("{}{issuer_pem}", params.signed_by(&key, &issuer).unwrap().pem());
    Party { chain_pem, key_pem: key.serialize_pem() }
}

#[test]
fn a_device_is_no_authority_even_by_its_fingerprint() {
    let device = enrolled(&authority(), &device(), &[]);
    let own = &links(&device)[0];
    let client = pinned_client_config(Fingerprint::of_pem(own).unwrap(), &settings()).unwrap();
    let refused = connect(client, site(&forged(own, &device.key_pem)));
    assert_eq!(refused.unwrap_err(), Error::InvalidCertificate(CertificateError::UnknownIssuer));
}

#[test]
fn an_authority_is_refused_after_its_time() {
    let authority = authority();
    let party = forged(authority.ca_pem(), &authority.key_pem());
    for (now, accepted) in [(start(), true), (authority.validity().not_after + DAY, false)] {
        let client = pinned_client_config(authority.fingerprint(), &settings_at(now)).unwrap();
        assert_eq!(connect(client, site(&party)).is_ok(), accepted, "{now}");
    }
}

#[test]
fn a_server_is_refused_before_and_after_its_time() {
    let authority = authority();
    let party = enrolled(&authority, &Identity::Site, &[HOST]);
    for (now, accepted) in [(start() - DAY, false), (start(), true), (start() + DAY * 2, false)] {
        let client = pinned_client_config(authority.fingerprint(), &settings_at(now)).unwrap();
        assert_eq!(connect(client, site(&party)).is_ok(), accepted, "{now}");
    }
}
