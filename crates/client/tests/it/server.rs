//! HTTPS servers on loopback whose answers a test writes, with certificates of an authority made for the test.
#![allow(dead_code, reason = "each test binary that has this file uses its part")]

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use dray_client::{BaseUrl, HttpClient, HttpLimits};
use dray_model::{DeviceId, Timestamp};
use dray_trust::{CertificateAuthority, ClientAuth, Identity, NewIdentity, TlsSettings};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A certificate chain and its key, PEM.
pub(crate) type Credentials = (String, String);

/// A site's authority.
pub(crate) struct Authority(pub(crate) CertificateAuthority);

impl Authority {
    pub(crate) fn new() -> Self {
        Self(CertificateAuthority::generate(&"acme".parse().unwrap(), now()).unwrap())
    }

    pub(crate) fn issue(&self, identity: &Identity) -> Credentials {
        let new = NewIdentity::generate();
        (self.certify(&new.csr_pem, identity), new.key_pem)
    }

    pub(crate) fn certify(&self, csr_pem: &str, identity: &Identity) -> String {
        self.certify_for(csr_pem, identity, Duration::from_secs(86_400))
    }

    pub(crate) fn certify_for(&self, csr_pem: &str, identity: &Identity, valid: Duration) -> String {
        let addresses = match identity {
            Identity::Device(_) => Vec::new(),
            _ => vec!["127.0.0.1".parse().unwrap()],
        };
        self.0.issue(csr_pem, identity, &addresses, valid, now()).unwrap().chain_pem
    }

    pub(crate) fn device(&self) -> Credentials {
        self.issue(&Identity::Device(DeviceId::from_random(7)))
    }

    pub(crate) fn site(&self) -> Credentials {
        self.issue(&Identity::Site)
    }

    /// A client that trusts this authority and shows `credentials`.
    pub(crate) fn client(&self, credentials: Option<&Credentials>, limits: HttpLimits) -> HttpClient {
        let identity = credentials.map(|(chain, key)| (chain.as_str(), key.as_str()));
        HttpClient::trusting(self.0.ca_pem(), identity, limits).unwrap()
    }
}

/// A server; it ends with the test.
pub(crate) struct TestServer {
    pub(crate) url: BaseUrl,
    task: tokio::task::JoinHandle<()>,
}

impl TestServer {
    /// Serves with `credentials`, taking clients of `authority` and such without a certificate.
    pub(crate) async fn start<A>(
        authority: &Authority,
        (chain, key): &Credentials,
        answer: impl Fn(Request<Bytes>) -> A + Send + Sync + 'static,
    ) -> Self
    where
        A: Future<Output = Response<Body>> + Send + 'static,
    {
        let settings = TlsSettings::without_alpn();
        let auth = ClientAuth::Optional(authority.0.ca_pem().to_owned());
        let tls = dray_trust::server_config(chain, key, &auth, &settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(tls)), Arc::new(answer)));
        Self { url, task }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<F, A>(listener: TcpListener, tls: TlsAcceptor, answer: Arc<F>)
where
    F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, answer) = (tls.clone(), Arc::clone(&answer));
        connections.spawn(async move {
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(|request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    Ok::<_, Infallible>(answer(Request::from_parts(head, body)).await)
                }
            });
            // Clients that go in the middle are part of the tests.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An answer with these bytes.
pub(crate) fn bytes(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}

/// An answer in JSON.
pub(crate) fn json<T: Serialize>(status: u16, body: &T) -> Response<Body> {
    let mut response = bytes(status, serde_json::to_vec(body).unwrap());
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

/// An answer that gives these pieces and then breaks off, or says nothing more.
pub(crate) fn broken(status: u16, pieces: Vec<Bytes>, then: Then) -> Response<Body> {
    let given = futures_util::stream::iter(pieces.into_iter().map(|piece| Ok(Frame::data(piece))));
    let end = futures_util::stream::once(async move {
        // Lets the server send what it has.
        tokio::task::yield_now().await;
        match then {
            Then::Break => Err(io::Error::other("broken by the test")),
            Then::Hang => std::future::pending().await,
        }
    });
    let body = StreamBody::new(futures_util::StreamExt::chain(given, end));
    Response::builder().status(status).body(body.boxed_unsync()).unwrap()
}

/// An answer that gives its beginning, and its rest after something has happened.
pub(crate) fn interrupted(
    status: u16,
    beginning: Bytes,
    rest: Bytes,
    until: impl Future<Output = ()> + Send + 'static,
) -> Response<Body> {
    let beginning = futures_util::stream::once(async { Ok(Frame::data(beginning)) });
    let rest = futures_util::stream::once(async move {
        until.await;
        Ok(Frame::data(rest))
    });
    let body = StreamBody::new(futures_util::StreamExt::chain(beginning, rest));
    Response::builder().status(status).body(body.boxed_unsync()).unwrap()
}

/// How a broken answer goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Then {
    Break,
    Hang,
}

/// Answers a request for an object as a point does, without conditions.
pub(crate) fn object(request: &Request<Bytes>, bytes: &Bytes) -> Response<Body> {
    let Some((start, end)) = asked(request) else { return self::bytes(200, bytes.clone()) };
    let end = end.min(bytes.len());
    let mut response = self::bytes(206, bytes.slice(start..end));
    response.headers_mut().insert("content-range", content_range(start, end, bytes.len()));
    response
}

/// The range that a request asks for.
pub(crate) fn asked(request: &Request<Bytes>) -> Option<(usize, usize)> {
    let range = request.headers().get("range")?.to_str().ok()?;
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse::<usize>().ok()? + 1))
}

pub(crate) fn content_range(start: usize, end: usize, size: usize) -> http::HeaderValue {
    format!("bytes {start}-{}/{size}", end - 1).parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "TLS checks certificates against the machine's clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(0) + SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}
