//! The point's identity while it runs: renewed in time, and passed on to everybody who uses it.

use std::sync::Arc;
use std::time::Duration;

use dray_client::{ClientApi, HttpLimits};
use dray_model::cause::in_full;
use tokio::sync::watch;

use crate::config::Clock;
use crate::error::PointError;
use crate::folder::Folder;
use crate::identity::Identity;

/// Longest sleep before the clock is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// Pause after a renewal that failed. A third of the certificate's time is left then, days at least.
const RETRY_EVERY: Duration = Duration::from_secs(300);

/// An identity that is replaced in time.
pub(crate) struct Session {
    identity: Identity,
    folder: Arc<Folder>,
    limits: HttpLimits,
    clock: Clock,
    site: watch::Sender<ClientApi>,
    tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

impl Session {
    pub(crate) fn new(
        identity: Identity,
        folder: Arc<Folder>,
        limits: HttpLimits,
        clock: Clock,
    ) -> Result<Self, PointError> {
        let site = watch::Sender::new(identity.client(limits.clone())?);
        let tls = watch::Sender::new(Arc::new(identity.server()?));
        Ok(Self { identity, folder, limits, clock, site, tls })
    }

    /// The site, asked with the identity of the moment.
    pub(crate) fn site(&self) -> watch::Receiver<ClientApi> {
        self.site.subscribe()
    }

    /// TLS with the identity of the moment; connections that are open keep the one they began with.
    pub(crate) fn tls(&self) -> watch::Receiver<Arc<rustls::ServerConfig>> {
        self.tls.subscribe()
    }

    /// Renews the certificate forever, each time two thirds of its time are over.
    pub(crate) async fn keep_renewing(mut self) {
        loop {
            let wait = match self.identity.validity(self.folder.root()) {
                Ok(validity) => validity.renew_at().since((self.clock)()),
                // It worked when the point started, so this can't be; asking for a new one is the cure anyway.
                Err(_) => Duration::ZERO,
            };
            if !wait.is_zero() {
                tokio::time::sleep(wait.min(LOOK_EVERY)).await;
                continue;
            }
            if let Err(error) = self.renew().await {
                tracing::warn!(error = %in_full(&error), "cannot renew the certificate");
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
    }

    async fn renew(&mut self) -> Result<(), PointError> {
        let api = self.site.borrow().clone();
        let renewal = api.renew().await?;
        let identity = self.identity.renewed(renewal.certificate, renewal.key_pem);
        let (site, tls) = (identity.client(self.limits.clone())?, Arc::new(identity.server()?));
        if identity.validity(self.folder.root())?.renew_at() <= (self.clock)() {
            // A site with a clock far off: taking it would mean asking again and again.
            let url = api.site().to_string();
            let what = "the renewed certificate is due for renewal already".to_owned();
            return Err(dray_client::ClientError::Damaged { url, what }.into());
        }
        let (written, folder) = (identity.clone(), Arc::clone(&self.folder));
        let root = folder.root().to_owned();
        tokio::task::spawn_blocking(move || written.write(&folder))
            .await
            .map_err(|stopped| PointError::folder("write", root)(std::io::Error::other(stopped)))??;
        self.identity = identity;
        self.site.send_replace(site);
        self.tls.send_replace(tls);
        tracing::info!("renewed the certificate");
        Ok(())
    }
}
