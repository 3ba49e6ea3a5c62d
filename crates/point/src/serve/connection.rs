//! One connection: TLS, who the caller is, and its requests one after the other.
//!
//! [`requests`] knows nothing of TLS, which measurements go without.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use dray_trust::{Identity, PeerIdentity};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Serving;
use super::service;
use super::stall::Pulse;

/// Serves a caller with a certificate of the site, or without TLS anybody, until it goes, stalls, or the point stops.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    serving: Arc<Serving>,
    stop: watch::Receiver<bool>,
) {
    // Without it the last piece of an answer waits for an acknowledgement; an error means that the caller is gone.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return requests(stream, "somebody", serving, stop).await };
    let accepting = TlsAcceptor::from(tls).accept(stream);
    let stream = match tokio::time::timeout(serving.limits.handshake_timeout, accepting).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => return tracing::debug!("TLS handshake timed out"),
    };
    match caller(&stream) {
        Some(caller) => requests(stream, caller, serving, stop).await,
        None => tracing::info!("rejected a client certificate that belongs to neither a device nor a point"),
    }
}

/// Answers what comes over `stream`.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    caller: impl Display,
    serving: Arc<Serving>,
    mut stop: watch::Receiver<bool>,
) {
    let limits = &serving.limits;
    let pulse = Arc::new(Pulse::default());
    let service = {
        let (serving, pulse) = (Arc::clone(&serving), Arc::clone(&pulse));
        service_fn(move |request| service::answer(request, Arc::clone(&serving), Arc::clone(&pulse)))
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.head_bytes_max.max(8 << 10))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let served = async {
        tokio::select! {
            ended = connection.as_mut() => ended,
            () = until(&mut stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    tokio::select! {
        ended = served => {
            if let Err(error) = ended {
                tracing::debug!(%caller, %error, "a connection was lost");
            }
        }
        () = stalled(&pulse, limits.stall_timeout) => tracing::info!(%caller, "cut off a client that had stopped reading"),
    }
}

/// Ends when the point is told to stop, or is dropped.
pub(super) async fn until(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Who calls: a device or a point of the site. TLS has checked the certificate.
fn caller(stream: &TlsStream<TcpStream>) -> Option<Identity> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    let peer = PeerIdentity::from_certificate_der(certificate).ok()?;
    match peer.identity {
        Identity::Device(_) | Identity::Point(_) => Some(peer.identity),
        Identity::Site => None,
    }
}

/// Ends when a body made no progress from one look to the next.
async fn stalled(pulse: &Pulse, every: Duration) {
    let mut before = pulse.look();
    loop {
        tokio::time::sleep(every).await;
        let now = pulse.look();
        if now.is_busy() && now == before {
            return;
        }
        before = now;
    }
}
