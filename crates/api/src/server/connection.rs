//! One connection: handshake, whose certificate it is, requests.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use dray_site::admission::Credential;
use dray_trust::PeerIdentity;
use dray_trust::certificate::issued_at;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::unread::Unread;
use crate::authentication::Peer;

/// Time for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time for the headers of a request over HTTP/1.
const HEADERS: Duration = Duration::from_secs(30);
/// Requests side by side on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How often a silent HTTP/2 peer is asked whether it is there; it has [`ALIVE`] to answer.
const ASK_ALIVE: Duration = Duration::from_secs(60);
const ALIVE: Duration = Duration::from_secs(20);

/// Serves a connection to its end, or lets it finish its open requests once the server is stopped.
pub(super) async fn serve(socket: TcpStream, tls: TlsAcceptor, router: Router, mut stopped: watch::Receiver<bool>) {
    let Ok(address) = socket.peer_addr().map(|address| address.ip()) else { return };
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = socket.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let Some(peer) = peer(&stream, address) else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Unread::new(body)));
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let builder = builder();
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = super::until_stopped(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection ended early");
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(ASK_ALIVE)
        .keep_alive_timeout(ALIVE);
    builder
}

/// Who is at the other end. A certificate that TLS accepted but that names nobody closes the connection.
fn peer(stream: &TlsStream<TcpStream>, address: IpAddr) -> Option<Peer> {
    let (_, session) = stream.get_ref();
    let Some(certificate) = session.peer_certificates().and_then(|chain| chain.first()) else {
        return Some(Peer { credential: None, address });
    };
    let credential = PeerIdentity::from_certificate_der(certificate).and_then(|peer| {
        let issued_at = issued_at(certificate)?;
        Ok(Credential { identity: peer.identity, issued_at })
    });
    match credential {
        Ok(credential) => Some(Peer { credential: Some(credential), address }),
        Err(error) => {
            tracing::warn!(%error, "a certificate of the site's authority names nobody");
            None
        }
    }
}
