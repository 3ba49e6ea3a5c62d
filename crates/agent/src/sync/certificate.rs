//! Keeps the certificate good: asks for the next one while a third of the time is left.

use std::sync::Arc;
use std::time::Duration;

use super::{Backoff, Link};
use crate::clock;
use crate::folder::Folder;
use crate::identity::{Identity, RenewError, renew};
use crate::platform::WallTimer;

/// Shortest time between two renewals, whatever the certificates say: a site that issues expired ones is not asked in a loop.
const PACE: Duration = Duration::from_secs(60);

/// Renews forever. Ends only when the system gives no timer or the certificate can't be read: then it was good when the agent
/// started, and the next start says what is wrong.
pub(crate) async fn keep_certificate(folder: Folder, mut identity: Identity, link: Arc<Link>) {
    let mut backoff = Backoff::default();
    let timer = match WallTimer::new() {
        Ok(timer) => timer,
        Err(error) => return tracing::error!(%error, "cannot renew the certificate until the agent is restarted"),
    };
    loop {
        let validity = match identity.validity(&folder) {
            Ok(validity) => validity,
            Err(error) => return tracing::error!(%error, "cannot renew the certificate until the agent is restarted"),
        };
        let due = validity.renew_at();
        if clock::now() < due {
            if let Err(error) = timer.wait(Some(due)).await {
                return tracing::error!(%error, "cannot renew the certificate until the agent is restarted");
            }
            continue;
        }
        match renew(&folder, &identity, &link.site()).await {
            Ok((renewed, site)) => {
                tracing::info!("renewed the certificate");
                identity = renewed;
                link.set_site(site);
                backoff.reset();
                tokio::time::sleep(PACE).await;
            }
            Err(RenewError::Request(error)) => {
                link.failed(&error);
                backoff.wait(Some(&error)).await;
            }
            Err(RenewError::Identity(error)) => {
                tracing::error!(error = %dray_model::cause::in_full(&error), "cannot save the renewed certificate");
                backoff.wait(None).await;
            }
        }
    }
}
