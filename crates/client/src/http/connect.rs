//! Opens connections: name look-up, TCP and TLS within one time limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::buffered::{Buffered, BufferedConnector};
use crate::error::BoxError;
use crate::limits::HttpLimits;

/// How long a connection may say nothing before the system asks whether the other end is still there; held requests live on it.
const TCP_KEEPALIVE: Duration = Duration::from_secs(45);

/// The connection was not there in time.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect within {} s", .0.as_secs())]
pub(super) struct ConnectTimeout(Duration);

#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<BufferedConnector>,
    timeout: Duration,
}

impl Connector {
    pub(super) fn new(tls: rustls::ClientConfig, limits: &HttpLimits) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(TCP_KEEPALIVE));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1();
        let https = https.wrap_connector(BufferedConnector { tcp, read_ahead_bytes: limits.read_ahead_bytes });
        Self { https, timeout: limits.connect_timeout }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<Buffered>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let (connecting, timeout) = (self.https.call(to), self.timeout);
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(ConnectTimeout(timeout).into()),
            }
        })
    }
}
