//! Certificates are renewed in time, without a restart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dray_client::HttpLimits;
use dray_point::enrol;
use dray_point::identity::Identity;
use dray_trust::TlsSettings;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::world::World;

/// The certificate that the point shows, as DER.
async fn shown(world: &World, address: std::net::SocketAddr) -> Vec<u8> {
    let (chain, key) = world.authority.device();
    let authority = world.authority.0.ca_pem();
    let tls = dray_trust::client_config(authority, Some((&chain, &key)), &TlsSettings::without_alpn()).unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_certificate_that_is_due_is_renewed_kept_and_shown() {
    let world = World::new().await;
    // With the five minutes that certificates are dated back, two thirds of this one are over at once.
    world.state.valid_s.store(60, Ordering::SeqCst);
    enrol::enrol(&world.point_folder(), &world.site.url, &world.token(), HttpLimits::default()).await.unwrap();
    world.state.valid_s.store(86_400, Ordering::SeqCst);
    let first = Identity::read(&world.point_folder()).unwrap().unwrap();
    let point = world.start().await;
    let before = shown(&world, point.address()).await;
    while shown(&world, point.address()).await == before {
        tokio::task::yield_now().await;
    }
    let second = Identity::read(&world.point_folder()).unwrap().unwrap();
    assert_ne!(second.certificate, first.certificate);
    assert_eq!((second.name, *world.state.renewals.borrow()), (first.name, 1));
}
