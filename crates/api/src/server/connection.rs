//! One connection: handshake, whose certificate it is, requests.

use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use dray_site::admission::Credential;
use dray_trust::PeerIdentity;
use dray_trust::certificate::issued_at;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
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

/// What an HTTP/2 client asks for in its handshake. All others are served HTTP/1.
const HTTP2: &[u8] = b"h2";

/// Serves a connection to its end, or lets it finish its open requests once the server is stopped.
///
/// Ten thousands of connections hold a request for minutes. So that each keeps only what it needs, the handshake and the two protocols
/// have a box of their own, and none is a part of the task.
pub(super) async fn serve(socket: TcpStream, tls: TlsAcceptor, router: Router, stopped: watch::Receiver<bool>) {
    let Some((stream, peer)) = Box::pin(handshake(socket, tls)).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Unread::new(body)));
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let ended = if is_http2 {
        to_its_end(Box::pin(http2().serve_connection(TokioIo::new(stream), service)), stopped).await
    } else {
        to_its_end(Box::pin(http1().serve_connection(TokioIo::new(stream), service)), stopped).await
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection was lost");
    }
}

async fn handshake(socket: TcpStream, tls: TlsAcceptor) -> Option<(TlsStream<TcpStream>, Peer)> {
    let address = socket.peer_addr().ok()?.ip();
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = socket.set_nodelay(true);
    match tokio::time::timeout(HANDSHAKE, tls.accept(socket)).await {
        Ok(Ok(stream)) => {
            let peer = peer(&stream, address)?;
            return Some((stream, peer));
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
    None
}

async fn to_its_end<C: GracefulConnection>(
    mut connection: Pin<Box<C>>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), C::Error> {
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = super::until_stopped(&mut stopped) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    builder
}

fn http2() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
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
            tracing::warn!(%error, "rejected a certificate from the site's authority that names neither a device nor a point");
            None
        }
    }
}
