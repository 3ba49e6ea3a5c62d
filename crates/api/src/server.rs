//! Two TLS listeners, one for administrators and one for clients and points, with limits and an orderly end.
//!
//! Connections are taken by [`dray_listen`], so that we know whose certificate each was made with and how many there are. A peer that doesn't finish its handshake or its headers in time is dropped.

mod connection;
mod unread;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use dray_listen::Terms;
use dray_site::feed::Follower;
use dray_site::presence::Flusher;
use dray_site::{ServerIdentityError, Site};
use dray_trust::tls::TlsError;
use dray_trust::{ClientAuth, TlsSettings, server_config};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::{router, system};

/// How long open requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Where to listen. Port 0 takes a free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeOptions {
    /// A comment for administrators.
    pub admin_addr: SocketAddr,
    /// For clients and points.
    pub client_addr: SocketAddr,
}

impl ServeOptions {
    /// As the site's configuration says.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self { admin_addr: site.config().admin_addr, client_addr: site.config().client_addr }
    }
}

/// Why a server didn't start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Listening on an address failed.
    #[error("cannot listen for {whom} on {addr}")]
    Bind {
        /// For whom.
        whom: &'static str,
        /// Where.
        addr: SocketAddr,
        /// What stood in the way; often the address is in use.
        #[source]
        source: std::io::Error,
    },
    /// The beginning of an era can't be noted.
    #[error("cannot note in the database that the server starts")]
    Database(#[from] dray_site::SiteError),
    /// The server's certificate.
    #[error("cannot create the server's certificate")]
    Identity(#[from] ServerIdentityError),
    /// TLS.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
}

/// A server that runs. Dropping it stops it without grace.
#[derive(Debug)]
pub struct Running {
    /// Where administrators are served.
    pub admin_addr: SocketAddr,
    /// Where clients and points are served.
    pub client_addr: SocketAddr,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    _follower: Follower,
    _flusher: Flusher,
}

impl Running {
    /// Stops listening, lets open requests finish for a while, and ends.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for listener in self.listeners {
            if let Err(error) = listener.await {
                tracing::error!(%error, "a listener failed");
            }
        }
    }
}

/// Serves the site on both addresses.
///
/// # Errors
/// [`ServeError`]; nothing listens then.
pub async fn serve(site: Site, options: ServeOptions) -> Result<Running, ServeError> {
    system::recorder();
    dray_site::history::begin_era(&site).await?;
    let identity = site.server_identity()?;
    let acceptor = |auth: &ClientAuth| -> Result<TlsAcceptor, TlsError> {
        let config = server_config(&identity.chain_pem, &identity.key_pem, auth, &TlsSettings::http())?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    };
    let ca_pem = site.keys().authority().ca_pem().to_owned();
    let (admin_tls, client_tls) = (acceptor(&ClientAuth::None)?, acceptor(&ClientAuth::Optional(ca_pem))?);
    let (admin, admin_addr) = bind("administrators", options.admin_addr).await?;
    let (client, client_addr) = bind("clients", options.client_addr).await?;
    let (stop, stopped) = watch::channel(false);
    let connections = site.config().limits.connections.size();
    let router = router::administrators(site.clone());
    let administrators = Listener { socket: admin, tls: admin_tls, router, connections };
    let (follower, flusher) = (Follower::start(site.clone()), Flusher::start(site.clone()));
    let clients = Listener { socket: client, tls: client_tls, router: router::clients(site), connections };
    let listeners = [administrators, clients].map(|listener| tokio::spawn(listener.run(stopped.clone())));
    tracing::info!(%admin_addr, %client_addr, "serving");
    let listeners = listeners.into();
    Ok(Running { admin_addr, client_addr, stop, listeners, _follower: follower, _flusher: flusher })
}

async fn bind(whom: &'static str, addr: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Bind { whom, addr, source };
    let socket = TcpListener::bind(addr).await.map_err(failed)?;
    let local = socket.local_addr().map_err(failed)?;
    Ok((socket, local))
}

/// Returns when the server is told to stop, or is dropped.
async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

struct Listener {
    socket: TcpListener,
    tls: TlsAcceptor,
    router: Router,
    connections: usize,
}

impl Listener {
    async fn run(self, stopped: watch::Receiver<bool>) {
        let (Self { socket, tls, router, connections }, mut stop) = (self, stopped.clone());
        let terms = Terms { places: connections, grace: GRACE };
        dray_listen::attend(socket, terms, until_stopped(&mut stop), |connection| {
            connection::serve(connection, tls.clone(), router.clone(), stopped.clone())
        })
        .await;
    }
}
