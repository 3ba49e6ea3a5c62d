//! Clients as seen by servers that ask for certificates.

use std::sync::Arc;

use dray_trust::{CertificateAuthority, ClientAuth, Identity, PeerIdentity, server_config};
use rustls::{AlertDescription, Error, HandshakeKind, ServerConfig};

use crate::world::{
    Connected, DAY, HOST, authority, client, connect, connect_to, device, enrolled, server, settings_at, start,
};

fn required(authority: &CertificateAuthority) -> ClientAuth {
    ClientAuth::Required(authority.ca_pem().to_owned())
}

fn optional(authority: &CertificateAuthority) -> ClientAuth {
    ClientAuth::Optional(authority.ca_pem().to_owned())
}

fn site(authority: &CertificateAuthority, client_auth: &ClientAuth) -> ServerConfig {
    server(&enrolled(authority, &Identity::Site, &[HOST]), client_auth)
}

fn caller(connected: &Connected) -> Option<Identity> {
    let certificate = connected.server.peer_certificates()?.first()?;
    let peer = PeerIdentity::from_certificate_der(certificate).unwrap();
    assert_eq!(peer.site.as_str(), "acme");
    Some(peer.identity)
}

#[test]
fn the_server_learns_which_device_or_point_calls() {
    let authority = authority();
    let point = Identity::Point("berlin".parse().unwrap());
    for (identity, addresses) in [(device(), &[][..]), (point, &["point.example"][..])] {
        let party = enrolled(&authority, &identity, addresses);
        let client = client(&authority, party.identity());
        let connected = connect(client, site(&authority, &required(&authority))).unwrap();
        assert_eq!(caller(&connected), Some(identity));
    }
}

#[test]
fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let authority = authority();
    let refused = connect(client(&authority, None), site(&authority, &required(&authority))).unwrap_err();
    assert_eq!(refused, Error::NoCertificatesPresented);
}

#[test]
fn a_client_without_a_certificate_is_nobody_where_one_is_optional() {
    let authority = authority();
    let connected = connect(client(&authority, None), site(&authority, &optional(&authority))).unwrap();
    assert_eq!(caller(&connected), None);
}

#[test]
fn a_client_of_another_authority_is_refused_even_where_certificates_are_optional() {
    let (ours, theirs) = (authority(), authority());
    let stranger = enrolled(&theirs, &device(), &[]);
    for client_auth in [required(&ours), optional(&ours)] {
        let refused = connect(client(&ours, stranger.identity()), site(&ours, &client_auth)).unwrap_err();
        assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused:?}");
    }
}

#[test]
fn a_site_server_cannot_call() {
    let authority = authority();
    let party = enrolled(&authority, &Identity::Site, &[HOST]);
    let refused = connect(client(&authority, party.identity()), site(&authority, &required(&authority))).unwrap_err();
    assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused:?}");
}

#[test]
fn a_client_is_refused_after_its_time() {
    let authority = authority();
    // The client's clock stands at the start, so only the server can refuse.
    let party = enrolled(&authority, &device(), &[]);
    let own = enrolled(&authority, &Identity::Site, &[HOST]);
    for (now, accepted) in [(start() + DAY / 2, true), (start() + DAY * 2, false)] {
        let server = server_config(&own.chain_pem, &own.key_pem, &required(&authority), &settings_at(now)).unwrap();
        assert_eq!(connect(client(&authority, party.identity()), server).is_ok(), accepted, "{now}");
    }
}

#[test]
fn sessions_with_identities_are_never_resumed() {
    let authority = authority();
    let party = enrolled(&authority, &device(), &[]);
    let client = Arc::new(client(&authority, party.identity()));
    for client_auth in [required(&authority), optional(&authority)] {
        let server = Arc::new(site(&authority, &client_auth));
        for _ in 0..2 {
            let kind = connect_to(HOST, &client, &server).unwrap().client.handshake_kind();
            assert_ne!(kind, Some(HandshakeKind::Resumed));
        }
    }
}

#[test]
fn protocols_that_do_not_meet_are_refused() {
    let authority = authority();
    let mut client = client(&authority, None);
    client.alpn_protocols = vec![b"other".to_vec()];
    let refused = connect(client, site(&authority, &ClientAuth::None)).unwrap_err();
    assert!(matches!(
        refused,
        Error::NoApplicationProtocol | Error::AlertReceived(AlertDescription::NoApplicationProtocol)
    ));
}
