//! Serves objects to the site's devices and points: `GET` and `HEAD` of `/v1/manifests/<digest>` and `/v1/packs/<digest>`.
//!
//! Objects never change, so their ETag is their digest, and a client that has one need not ask again. Single ranges are answered (RFC
//! 9110, 14); [`decide`](decision) is pure. Callers must show a certificate of the site's authority: without one there is
//! no HTTP. What a caller may cost is in [`ServeLimits`].

mod buffers;
mod connection;
mod decision;
mod file_body;
mod measure;
mod read;
mod service;
mod stall;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dray_content::ObjectName;
use dray_listen::Terms;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use buffers::Buffers;
pub use measure::FolderServer;

use crate::error::PointError;
use crate::folder::Folder;

/// Buffers that are kept while no answer needs them: 4 MiB.
const BUFFERS_KEPT: usize = 16;

/// What a caller may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeLimits {
    /// Connections at a time; more wait to be accepted. Default 512.
    pub connections: usize,
    /// For TLS. Default 10 s.
    pub handshake_timeout: Duration,
    /// For the head of a request, also for the next one on a kept connection. Default 75 s, longer than clients keep one.
    pub head_timeout: Duration,
    /// A caller that takes no bytes for so long is cut off. Default 60 s.
    pub stall_timeout: Duration,
    /// Bytes of a request's head. Default 16 KiB.
    pub head_bytes_max: usize,
    /// Header fields of a request. Default 64.
    pub headers_max: usize,
    /// For requests under way when the point stops. Default 10 s.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            head_bytes_max: 16 << 10,
            headers_max: 64,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// What was served since the start.
#[derive(Debug, Default)]
pub struct Served {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Served {
    /// Requests that were answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Bytes of objects that were sent.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) folder: Arc<Folder>,
    pub(crate) limits: ServeLimits,
    pub(crate) served: Arc<Served>,
    pub(crate) buffers: Arc<Buffers>,
    /// Objects that could not be read as they should, to be verified.
    pub(crate) suspects: mpsc::Sender<ObjectName>,
}

impl Serving {
    /// What is in `folder`, for callers within `limits`.
    pub(crate) fn new(folder: Arc<Folder>, limits: ServeLimits, suspects: mpsc::Sender<ObjectName>) -> Self {
        let buffers = Arc::new(Buffers::new(file_body::PIECE_BYTES, BUFFERS_KEPT));
        Self { folder, limits, served: Arc::default(), buffers, suspects }
    }
}

/// Who is let in.
pub(crate) enum Door {
    /// Devices and points of the site, by their certificates.
    Site(watch::Receiver<Arc<rustls::ServerConfig>>),
    /// Everybody, without TLS: [`FolderServer`] alone opens it.
    Open,
}

/// A server that listens already.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
    serving: Arc<Serving>,
}

impl Server {
    /// Takes the port, so that a port that is in use is told at once.
    pub(crate) async fn listen(address: SocketAddr, door: Door, serving: Serving) -> Result<Self, PointError> {
        let listen = |source| PointError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        Ok(Self { listener, address, door, serving: Arc::new(serving) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` changes, then lets requests under way finish.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) {
        let Self { listener, door, serving, .. } = self;
        let terms = Terms { places: serving.limits.connections, grace: serving.limits.drain_timeout };
        let mut stopped = stop.clone();
        dray_listen::attend(listener, terms, connection::until(&mut stopped), |stream| {
            let (serving, stop) = (Arc::clone(&serving), stop.clone());
            let tls = match &door {
                Door::Site(tls) => Some(Arc::clone(&tls.borrow())),
                Door::Open => None,
            };
            connection::serve(stream, tls, serving, stop)
        })
        .await;
    }
}
