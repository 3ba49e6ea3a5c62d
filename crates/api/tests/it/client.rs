//! A server for a test and a small HTTP client for it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use dray_api::{Running, ServeOptions, serve};
use dray_site::Limits;
use dray_site::testing::TestSite;
use dray_trust::{TlsSettings, client_config};
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) struct Server {
    pub(crate) test: TestSite,
    pub(crate) running: Running,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    /// Status and stable code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_within(Limits::default()).await
    }

    pub(crate) async fn start_within(limits: Limits) -> Self {
        let test = dray_site::testing::site_within(limits).await;
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let running = serve(test.site.clone(), ServeOptions { admin_addr: any, client_addr: any }).await.unwrap();
        Self { test, running }
    }

    /// A request of the first administrator.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.ask(self.request(method, path, body)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str, body: Option<Value>) -> Request<Full<Bytes>> {
        let builder = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.test.made.profile.token));
        match body {
            Some(body) => builder.header(header::CONTENT_TYPE, "application/json").body(Full::from(body.to_string())),
            None => builder.body(Full::default()),
        }
        .unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        self.ask_at(self.running.admin_addr, request, None).await
    }

    /// A request at one of the two addresses, with a certificate or without.
    pub(crate) async fn ask_at(
        &self,
        addr: SocketAddr,
        request: Request<Full<Bytes>>,
        identity: Option<(&str, &str)>,
    ) -> Answer {
        let mut sender = self.connect(addr, identity).await;
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A connection over HTTP/2.
    pub(crate) async fn connect<B>(&self, addr: SocketAddr, identity: Option<(&str, &str)>) -> SendRequest<B>
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    {
        let stream = self.tls(addr, identity).await;
        let (sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// A connection over TLS on which nothing was said yet.
    pub(crate) async fn tls(&self, addr: SocketAddr, identity: Option<(&str, &str)>) -> TlsStream<TcpStream> {
        let settings = TlsSettings::without_alpn().with_alpn([b"h2".as_slice()]);
        let config = client_config(&self.test.made.profile.ca, identity, &settings).unwrap();
        let socket = TcpStream::connect(addr).await.unwrap();
        let name = "localhost".try_into().unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }
}
