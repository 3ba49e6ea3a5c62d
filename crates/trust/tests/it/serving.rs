//! Servers as seen by enrolled clients.

use std::sync::Arc;

use dray_trust::tls::TlsError;
use dray_trust::{ClientAuth, Identity, TlsSettings, client_config, server_config};
use rustls::{CertificateError, Error, HandshakeKind, ProtocolVersion};

use crate::world::{DAY, HOST, authority, client, connect, connect_to, device, enrolled, server, settings_at, start};

#[test]
fn a_site_server_is_accepted_with_version_1_3_and_http_2() {
    let authority = authority();
    let site = enrolled(&authority, &Identity::Site, &[HOST]);
    let connected = connect(client(&authority, None), server(&site, &ClientAuth::None)).unwrap();
    assert_eq!(connected.client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(connected.client.alpn_protocol(), Some(b"h2".as_slice()));
}

#[test]
fn an_address_in_the_certificate_is_accepted_like_a_name() {
    let authority = authority();
    let site = enrolled(&authority, &Identity::Site, &["192.0.2.7", "2001:db8::7"]);
    let (client, server) = (Arc::new(client(&authority, None)), Arc::new(server(&site, &ClientAuth::None)));
    assert!(connect_to("192.0.2.7", &client, &server).is_ok());
    assert!(connect_to("2001:db8::7", &client, &server).is_ok());
    assert!(connect_to("192.0.2.8", &client, &server).is_err());
}

#[test]
fn a_server_of_another_authority_is_refused() {
    let site = enrolled(&authority(), &Identity::Site, &[HOST]);
    let refused = connect(client(&authority(), None), server(&site, &ClientAuth::None)).unwrap_err();
    assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused}");
}

#[test]
fn a_server_under_another_name_is_refused() {
    let authority = authority();
    let point = enrolled(&authority, &Identity::Point("berlin".parse().unwrap()), &["point.example"]);
    let refused = connect(client(&authority, None), server(&point, &ClientAuth::None)).unwrap_err();
    assert!(
        matches!(refused, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_device_cannot_serve() {
    let authority = authority();
    let device = enrolled(&authority, &device(), &[]);
    let refused = connect(client(&authority, None), server(&device, &ClientAuth::None)).unwrap_err();
    assert!(
        matches!(refused, Error::InvalidCertificate(CertificateError::InvalidPurposeContext { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_server_is_refused_before_and_after_its_time() {
    let authority = authority();
    let site = enrolled(&authority, &Identity::Site, &[HOST]);
    for (now, accepted) in [(start() - DAY, false), (start() + DAY / 2, true), (start() + DAY * 2, false)] {
        let client = client_config(authority.ca_pem(), None, &settings_at(now)).unwrap();
        assert_eq!(connect(client, server(&site, &ClientAuth::None)).is_ok(), accepted, "{now}");
    }
}

#[test]
fn a_server_that_asks_for_no_certificates_resumes_sessions() {
    let authority = authority();
    let site = enrolled(&authority, &Identity::Site, &[HOST]);
    let (client, server) = (Arc::new(client(&authority, None)), Arc::new(server(&site, &ClientAuth::None)));
    let kinds = [(); 2].map(|()| connect_to(HOST, &client, &server).unwrap().client.handshake_kind());
    assert_eq!(kinds[1], Some(HandshakeKind::Resumed));
}

#[test]
fn without_protocol_names_nothing_is_negotiated() {
    let authority = authority();
    let site = enrolled(&authority, &Identity::Site, &[HOST]);
    let settings = TlsSettings { alpn: Vec::new(), ..crate::world::settings() };
    let client = client_config(authority.ca_pem(), None, &settings).unwrap();
    assert_eq!(connect(client, server(&site, &ClientAuth::None)).unwrap().client.alpn_protocol(), None);
}

#[test]
fn a_key_of_another_certificate_is_refused_at_once() {
    let authority = authority();
    let (one, two) = (enrolled(&authority, &Identity::Site, &[HOST]), enrolled(&authority, &device(), &[]));
    let refused = server_config(&one.chain_pem, &two.key_pem, &ClientAuth::None, &TlsSettings::http());
    assert!(matches!(refused, Err(TlsError::Identity(_))));
    let refused = client_config(authority.ca_pem(), Some((&one.chain_pem, &two.key_pem)), &TlsSettings::http());
    assert!(matches!(refused, Err(TlsError::Identity(_))));
}

#[test]
fn texts_without_what_is_needed_are_refused() {
    let site = enrolled(&authority(), &Identity::Site, &[HOST]);
    let settings = TlsSettings::http();
    let no_chain = server_config("", &site.key_pem, &ClientAuth::None, &settings);
    assert!(matches!(no_chain, Err(TlsError::Pem { what: "server certificate", .. })));
    let no_key = server_config(&site.chain_pem, "", &ClientAuth::None, &settings);
    assert!(matches!(no_key, Err(TlsError::Pem { what: "private key", .. })));
    let no_authority = client_config(&site.key_pem, None, &settings);
    assert!(matches!(no_authority, Err(TlsError::Pem { what: "CA certificate", .. })));
}
