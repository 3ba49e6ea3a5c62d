//! A site with its authority, a clock, and a wire made of two buffers.

use std::sync::Arc;
use std::time::Duration;

use dray_model::{DeviceId, Timestamp};
use dray_trust::{CertificateAuthority, ClientAuth, Identity, NewIdentity, TlsSettings, client_config, server_config};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

pub(crate) const HOST: &str = "site.example";
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A key and the chain issued for it.
pub(crate) struct Party {
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

impl Party {
    pub(crate) fn identity(&self) -> Option<(&str, &str)> {
        Some((&self.chain_pem, &self.key_pem))
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-11-22T17:00:00Z".parse().unwrap()
}

pub(crate) fn authority() -> CertificateAuthority {
    CertificateAuthority::generate(&"acme".parse().unwrap(), start()).unwrap()
}

pub(crate) fn device() -> Identity {
    Identity::Device(DeviceId::from_random(42))
}

/// A party with a certificate good for a day from the start.
pub(crate) fn enrolled(authority: &CertificateAuthority, subject: &Identity, addresses: &[&str]) -> Party {
    let new = NewIdentity::generate();
    let addresses: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
    let issued = authority.issue(&new.csr_pem, subject, &addresses, DAY, start()).unwrap();
    Party { chain_pem: issued.chain_pem, key_pem: new.key_pem }
}

#[derive(Debug)]
struct Clock(Timestamp);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(self.0.micros() / 1_000_000).ok()?)))
    }
}

pub(crate) fn settings_at(now: Timestamp) -> TlsSettings {
    TlsSettings::http().with_clock(Arc::new(Clock(now)))
}

pub(crate) fn settings() -> TlsSettings {
    settings_at(start())
}

pub(crate) fn server(party: &Party, client_auth: &ClientAuth) -> ServerConfig {
    server_config(&party.chain_pem, &party.key_pem, client_auth, &settings()).unwrap()
}

pub(crate) fn client(authority: &CertificateAuthority, identity: Option<(&str, &str)>) -> ClientConfig {
    client_config(authority.ca_pem(), identity, &settings()).unwrap()
}

/// Both ends after a handshake.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
}

/// Carries the handshake to its end; the error is that of the side that refused.
pub(crate) fn connect(client: ClientConfig, server: ServerConfig) -> Result<Connected, rustls::Error> {
    connect_to(HOST, &Arc::new(client), &Arc::new(server))
}

pub(crate) fn connect_to(
    host: &str,
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<Connected, rustls::Error> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name)?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    let mut wire = Vec::new();
    while client.wants_write() || server.wants_write() {
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        feed(&mut wire, |bytes| server.read_tls(bytes));
        server.process_new_packets()?;
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        feed(&mut wire, |bytes| client.read_tls(bytes));
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Connected { client, server })
}

fn feed(wire: &mut Vec<u8>, mut read: impl FnMut(&mut dyn std::io::Read) -> std::io::Result<usize>) {
    let mut bytes = wire.as_slice();
    while !bytes.is_empty() {
        read(&mut bytes).unwrap();
    }
    wire.clear();
}
