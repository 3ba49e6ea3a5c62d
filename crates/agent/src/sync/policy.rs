//! Follows the device's policy by a request that the site holds until there is another one.

use std::sync::Arc;
use std::time::Duration;

use dray_agent_core::Event;
use dray_client::client_api::Held;
use dray_model::cause::in_full;
use dray_model::policy::Policy;
use dray_model::readable::Readable;
use dray_model::state::Reason;
use dray_trust::{Role, open_document};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Backoff, Link};
use crate::engine::{News, Outbound};

/// How long the site is asked to hold a request, in seconds: an idle agent wakes so often.
const WAIT_S: u32 = 300;
/// Shortest time between two requests that were answered: a site that answers held requests at once is not asked in a loop.
const PACE: Duration = Duration::from_secs(1);

/// Asks forever; what is signed by the site goes to the engine, what is not is never looked into. `refused` changes when the
/// engine did not take a policy: it is asked for again, later.
pub(crate) async fn follow_policy(link: Arc<Link>, engine: Outbound, mut refused: watch::Receiver<u64>) {
    let mut backoff = Backoff::default();
    let mut etag: Option<String> = None;
    loop {
        let begun = Instant::now();
        // The first answer is wanted at once, even if it is "nothing new".
        let wait_s = if etag.is_some() { WAIT_S } else { 0 };
        let site = link.site();
        let answer = tokio::select! {
            answer = site.policy(etag.as_deref(), wait_s) => answer,
            _ = refused.changed() => {
                etag = None;
                backoff.wait(None).await;
                continue;
            }
        };
        match answer {
            Ok(Held::NotModified) => {
                link.heard();
                backoff.reset();
            }
            Ok(Held::Changed { etag: new, value }) => {
                link.heard();
                etag = Some(new);
                match open(&value, &link) {
                    Ok(policy) => {
                        // Whether it counts shows itself in the next round; the pauses start again only when nothing is new.
                        engine.send(News::of(Event::PolicyReceived(policy))).await;
                    }
                    Err(error) => {
                        tracing::error!(error, "rejected a policy from the site");
                        backoff.wait(None).await;
                    }
                }
            }
            Err(error) => {
                link.failed(&error);
                backoff.wait(Some(&error)).await;
            }
        }
        tokio::time::sleep_until(begun + PACE).await;
    }
}

/// The policy, or why it is refused, in one sentence.
fn open(envelope: &[u8], link: &Link) -> Result<Policy, String> {
    let opened = open_document(envelope, None, link.trusted_keys(), Role::Policy);
    match opened.map_err(|error| in_full(&error))? {
        Readable::Known(policy) => Ok(policy),
        Readable::Newer(newer) => Err(Reason::lacking(&newer.lacking).to_string()),
        Readable::Damaged(damaged) => Err(damaged.error),
    }
}
