//! One HTTP client over TLS: bounded in time and size, no redirects, a small pool of kept connections.
//!
//! An answer outside 2xx and 304 becomes a [`ClientError`] here, so that callers see only answers they can use.
//! HTTP/1.1 alone: a client has one held request and a few short ones, and content runs fastest over a few connections.

mod answer;
mod buffered;
mod connect;
mod fault;
pub(crate) mod range;

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use ::http::{HeaderMap, Method, Request, Uri};
use bytes::Bytes;
use dray_trust::{Fingerprint, TlsSettings};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;

pub(crate) use answer::Answer;
pub use range::{ByteRange, RangeBody};

use crate::error::ClientError;
use crate::limits::HttpLimits;
use connect::Connector;

/// What is read of an answer ahead. More would be memory that the allocator maps and zeroes again for every piece.
const BUFFER_BYTES: usize = 64 << 10;
/// What we call ourselves.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("dray/", env!("CARGO_PKG_VERSION")));

/// A client for one identity. Clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    inner: Client<Connector, Full<Bytes>>,
    limits: Arc<HttpLimits>,
}

impl HttpClient {
    /// A client that proves itself and checks others as `tls` says; see `dray_trust::client_config`.
    #[must_use]
    pub fn new(mut tls: rustls::ClientConfig, limits: HttpLimits) -> Self {
        // hyper-rustls sets the protocols itself and panics when it finds some.
        tls.alpn_protocols.clear();
        // Without a timer for the pool: it would wake an idle agent forever. What idled too long is dropped when it is asked for.
        let inner = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(limits.idle_connection_timeout)
            .pool_max_idle_per_host(limits.idle_connections_max)
            .http1_max_headers(limits.headers_max)
            .http1_max_buf_size(BUFFER_BYTES)
            .build(Connector::new(tls, &limits));
        Self { inner, limits: Arc::new(limits) }
    }

    /// A client that trusts the authority in `authority_pem` alone, and shows `identity` (chain and key, PEM) when asked.
    ///
    /// # Errors
    /// [`ClientError::Identity`] when the texts can't be read or don't belong together.
    pub fn trusting(
        authority_pem: &str,
        identity: Option<(&str, &str)>,
        limits: HttpLimits,
    ) -> Result<Self, ClientError> {
        let tls = dray_trust::client_config(authority_pem, identity, &TlsSettings::without_alpn())
            .map_err(|error| ClientError::Identity { what: "certificate, key or authority", source: error.into() })?;
        Ok(Self::new(tls, limits))
    }

    /// A client that knows the site's authority by its fingerprint alone, from a token, and shows no certificate.
    ///
    /// # Errors
    /// [`ClientError::Identity`] when this machine's TLS can't do it.
    pub fn pinned(authority: Fingerprint, limits: HttpLimits) -> Result<Self, ClientError> {
        let tls = dray_trust::pinned_client_config(authority, &TlsSettings::without_alpn())
            .map_err(|error| ClientError::Identity { what: "authority", source: error.into() })?;
        Ok(Self::new(tls, limits))
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> &HttpLimits {
        &self.limits
    }

    /// Begins a request.
    pub(crate) fn call(&self, method: Method, url: Uri) -> Call<'_> {
        let headers = HeaderMap::from_iter([(USER_AGENT, AGENT)]);
        Call { client: self, method, url, headers, body: Bytes::new(), wait: Duration::ZERO }
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// A request in the making.
#[must_use]
pub(crate) struct Call<'a> {
    client: &'a HttpClient,
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    wait: Duration,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends `body` as JSON.
    pub(crate) fn json<T: Serialize>(mut self, body: &T) -> Self {
        self.body =
            serde_json::to_vec(body).expect("the types of the API have string keys and no failing parts").into();
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        self
    }

    /// Sends bytes as they are.
    pub(crate) fn bytes(mut self, body: Bytes) -> Self {
        self.body = body;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        self
    }

    /// Gives the other end this much more time: it was asked to hold the request.
    pub(crate) fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sends the request and waits for the head of the answer.
    pub(crate) async fn send(self) -> Result<Answer, ClientError> {
        let limits = Arc::clone(&self.client.limits);
        let url = self.url.to_string();
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.url;
        *request.headers_mut() = self.headers;
        let after = limits.head_timeout + self.wait;
        let response = match tokio::time::timeout(after, self.client.inner.request(request)).await {
            Err(_) => return Err(ClientError::Timeout { url, after }),
            Ok(Err(error)) => return Err(fault::of_request(url, error, &limits)),
            Ok(Ok(response)) => response,
        };
        Answer::new(url, response, limits).usable().await
    }
}
