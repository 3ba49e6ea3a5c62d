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

/// Renews for ever. Ends only when the system gives no timer or the certificate can't be read: then it was good when the agent
/// started, and the next start says what is wrong.
pub(crate) async fn keep_certificate(folder: Folder, mut identity: Identity, link: Arc<Link>) {
    let mut backoff = Backoff::default();
    let timer = match WallTimer::new() {
        Ok(timer) => timer,
        Err(error) => return tracing::error!(%error, "the certificate will not be renewed"),
    };
    loop {
        let validity = match identity.validity(&folder) {
            Ok(validity) => validity,
            Err(error) => return tracing::error!(%error, "the certificate will not be renewed"),
        };
        let due = validity.renew_at();
        if clock::now() < due {
            if let Err(error) = timer.wait(Some(due)).await {
                return tracing::error!(%error, "the certificate will not be renewed");
            }
            continue;
        }
        match renew(&folder, &identity, &link.site()).await {
            Ok((renewed, site)) => {
                tracing::info!("the certificate was renewed");
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
                tracing::error!(error = %dray_model::cause::in_full(&error), "the new certificate can't be kept");
                backoff.wait(None).await;
            }
        }
    }
}
