//! The service alone over a folder, without a site: for measurements.
//!
//! What is measured is the point's own code; what differs is who is let in. A [`Point`](crate::Point) never opens this door.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::{Door, ServeLimits, Server, Serving};
use crate::error::PointError;
use crate::folder::Folder;

/// Serves the objects in a folder.
pub struct FolderServer {
    server: Server,
    // Held for the connections that look at it; nothing is ever sent.
    tls: Option<watch::Sender<Arc<rustls::ServerConfig>>>,
}

impl FolderServer {
    /// Takes the port. With `tls` callers need certificates as at a point, without it everybody is served in the clear.
    ///
    /// # Errors
    /// [`PointError`] when the folder or the port can't be used.
    pub async fn listen(
        folder: &Path,
        listen: SocketAddr,
        tls: Option<rustls::ServerConfig>,
    ) -> Result<Self, PointError> {
        let (suspects, _) = mpsc::channel(1);
        let folder = Arc::new(Folder::open(folder)?);
        let serving = Serving::new(folder, ServeLimits::default(), suspects);
        let tls = tls.map(|tls| watch::Sender::new(Arc::new(tls)));
        let door = tls.as_ref().map_or(Door::Open, |tls| Door::Site(tls.subscribe()));
        Ok(Self { server: Server::listen(listen, door, serving).await?, tls })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until it is dropped.
    pub async fn run(self) {
        let stop = watch::Sender::new(false);
        self.server.run(stop.subscribe()).await;
        drop(self.tls);
    }
}
