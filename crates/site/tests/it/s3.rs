//! An S3 server of the `s3s` project on loopback: it checks signatures, and keeps objects as files in a folder.
//!
//! It can be stopped like a machine that loses its power, started again with what its disk holds, and told to die when a certain
//! request arrives.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use dray_site::{ContentLocation, Environment};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use object_store::ObjectStore;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub(crate) const BUCKET: &str = "dray";
const KEY_ID: &str = "AKIAEXAMPLE";
const SECRET: &str = "a-secret-that-no-text-may-hold";

/// The server. What it holds goes when this is dropped.
pub(crate) struct Server {
    folder: TempDir,
    addr: SocketAddr,
    tls: Option<TlsAcceptor>,
    traffic: Arc<Traffic>,
    task: JoinHandle<()>,
}

/// What was asked, and what must not be answered.
#[derive(Default)]
struct Traffic {
    requests: Mutex<Vec<String>>,
    deadly: Mutex<Option<&'static str>>,
    death: Notify,
    denied: Mutex<Option<&'static str>>,
    bytes_under_way: AtomicU64,
    most_bytes_under_way: AtomicU64,
}

/// Denies what it is told to deny.
struct Access(Arc<Traffic>);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if *self.0.denied.lock().unwrap() == Some(context.s3_op().name()) {
            return Err(s3_error!(AccessDenied, "Access Denied."));
        }
        Ok(())
    }
}

impl Server {
    /// A running server with an empty bucket, in plain http.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, tempfile::tempdir().unwrap()).await
    }

    /// The same behind TLS, with a certificate of an authority of its own.
    pub(crate) async fn start_with_tls() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Self::start_with(Some(TlsAcceptor::from(Arc::new(config))), folder).await
    }

    async fn start_with(tls: Option<TlsAcceptor>, folder: TempDir) -> Self {
        std::fs::create_dir_all(folder.path().join("objects").join(BUCKET)).unwrap();
        std::fs::write(folder.path().join("key"), key_file(KEY_ID, SECRET)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let traffic = Arc::new(Traffic::default());
        let task = tokio::spawn(serve(listener, service(&folder, &traffic), tls.clone(), traffic.clone()));
        Self { folder, addr, tls, traffic, task }
    }

    /// Ends it at once: open connections break.
    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Starts it again under the same address.
    pub(crate) async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.addr).await.unwrap();
        let service = service(&self.folder, &self.traffic);
        self.task = tokio::spawn(serve(listener, service, self.tls.clone(), self.traffic.clone()));
    }

    /// Lets it die once a request arrives whose `METHOD PATH?QUERY` contains `text`.
    pub(crate) fn die_at(&self, text: &'static str) {
        *self.traffic.deadly.lock().unwrap() = Some(text);
    }

    /// Denies an operation, by the name that S3 has for it, until the next call.
    pub(crate) fn deny(&self, operation: &'static str) {
        *self.traffic.denied.lock().unwrap() = Some(operation);
    }

    /// The most bytes that were being sent to it at any time.
    pub(crate) fn most_bytes_under_way(&self) -> u64 {
        self.traffic.most_bytes_under_way.load(Ordering::Relaxed)
    }

    /// Waits until it is dead.
    pub(crate) async fn dead(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// The requests since it was asked last, as `METHOD PATH?QUERY`.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.traffic.requests.lock().unwrap())
    }

    /// A location in the bucket, with the right credentials.
    pub(crate) fn location(&self, prefix: &str) -> String {
        self.location_with(prefix, &self.folder.path().join("key"))
    }

    /// A location in the bucket with the credentials of some file.
    pub(crate) fn location_with(&self, prefix: &str, key: &std::path::Path) -> String {
        let key = key.display();
        let options = match self.tls {
            None => format!("endpoint=http://{}&allow_http=true&credentials={key}", self.addr),
            Some(_) => format!("endpoint=https://{}&credentials={key}&ca={}", self.addr, self.authority().display()),
        };
        format!("s3://{BUCKET}/{prefix}?{options}")
    }

    /// The certificate of the authority, when it speaks TLS.
    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A file with other credentials.
    pub(crate) fn other_key(&self, key_id: &str, secret: &str) -> PathBuf {
        let path = self.folder.path().join("other-key");
        std::fs::write(&path, key_file(key_id, secret)).unwrap();
        path
    }

    /// The bucket as the site opens it.
    pub(crate) fn open(&self, prefix: &str) -> Arc<dyn ObjectStore> {
        open(&self.location(prefix))
    }

    /// The folder of the bucket on the server's disk.
    pub(crate) fn disk(&self) -> PathBuf {
        self.folder.path().join("objects").join(BUCKET)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a location without the environment's help.
pub(crate) fn open(location: &str) -> Arc<dyn ObjectStore> {
    let location: ContentLocation = location.parse().unwrap();
    location.open("/".as_ref(), &Environment::default()).unwrap()
}

/// An error and its causes.
pub(crate) fn said(error: &dyn std::error::Error) -> String {
    let text = std::iter::successors(Some(error), |error| error.source());
    let text = text.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(!text.contains(SECRET) && !format!("{error:?}").contains(SECRET), "{text}");
    text
}

fn key_file(key_id: &str, secret: &str) -> String {
    format!("[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
}

fn service(folder: &TempDir, traffic: &Arc<Traffic>) -> S3Service {
    let objects = s3s_fs::FileSystem::new(folder.path().join("objects")).unwrap();
    let mut builder = S3ServiceBuilder::new(objects);
    builder.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
    builder.set_access(Access(traffic.clone()));
    builder.build()
}

async fn serve(listener: TcpListener, service: S3Service, tls: Option<TlsAcceptor>, traffic: Arc<Traffic>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                connections.spawn(connection(stream, service.clone(), tls.clone(), traffic.clone()));
            }
            () = traffic.death.notified() => return,
        }
    }
}

async fn connection(stream: TcpStream, service: S3Service, tls: Option<TlsAcceptor>, traffic: Arc<Traffic>) {
    match tls {
        None => speak(stream, service, traffic).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                speak(stream, service, traffic).await;
            }
        }
    }
}

async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, service: S3Service, traffic: Arc<Traffic>) {
    let noted = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (service, traffic) = (service.clone(), traffic.clone());
        async move {
            if traffic.is_deadly(format!("{} {}", request.method(), request.uri())) {
                traffic.death.notify_one();
                std::future::pending::<()>().await;
            }
            let bytes = hyper::body::Body::size_hint(request.body()).lower();
            traffic.sending(bytes);
            let answer = hyper::service::Service::call(&service, request).await;
            traffic.bytes_under_way.fetch_sub(bytes, Ordering::Relaxed);
            answer
        }
    });
    // A client that goes away is no failure of a test.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), noted).await;
}

impl Traffic {
    fn sending(&self, bytes: u64) {
        let now = self.bytes_under_way.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most_bytes_under_way.fetch_max(now, Ordering::Relaxed);
    }

    fn is_deadly(&self, request: String) -> bool {
        let mut deadly = self.deadly.lock().unwrap();
        let dies = deadly.is_some_and(|text| request.contains(text));
        if dies {
            *deadly = None;
        }
        self.requests.lock().unwrap().push(request);
        dies
    }
}
