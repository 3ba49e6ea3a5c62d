//! Follows the device's policy by a request that the site holds until there is another one.

use std::sync::Arc;
use std::time::Duration;

use dray_client::client_api::{Held, Introduction};
use dray_client::{ClientApi, ClientError};
use dray_model::Name;
use dray_model::cause::in_full;
use dray_model::history::PROOF_WANTED;
use dray_model::policy::Policy;
use dray_model::readable::Readable;
use dray_model::state::Reason;
use dray_trust::{Role, open_document};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Backoff, Link};
use crate::engine::{Memory, News, Outbound};

/// How long the site is asked to hold a request, in seconds: an idle agent wakes so often.
const WAIT_S: u32 = 300;
/// Shortest time between two requests that were answered: a site that answers held requests at once is not asked in a loop.
const PACE: Duration = Duration::from_secs(1);

/// Asks forever; what is signed by the site goes to the engine, what is not is never looked into. `refused` changes when the
/// engine did not take a policy: it is asked for again, later.
///
/// Each request says which policy is held and what the device is called. A site that has forgotten the policy asks for it as proof that
/// it was put back to an older copy of itself, and gets it.
pub(crate) async fn follow_policy(
    link: Arc<Link>,
    memory: Arc<Memory>,
    name: Name,
    engine: Outbound,
    mut refused: watch::Receiver<u64>,
) {
    let mut backoff = Backoff::default();
    let mut etag: Option<String> = None;
    loop {
        let begun = Instant::now();
        // The first answer is wanted at once, even if it is "nothing new".
        let wait_s = if etag.is_some() { WAIT_S } else { 0 };
        let site = link.site();
        let holds = memory.with(|store| store.holds()).ok().flatten();
        let introduction = Introduction { holds, name: Some(name.clone()) };
        let answer = tokio::select! {
            answer = site.policy(etag.as_deref(), wait_s, &introduction) => answer,
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
                        engine.send(News::of_policy(policy, value)).await;
                    }
                    Err(error) => {
                        tracing::error!(error, "rejected a policy from the site");
                        backoff.wait(None).await;
                    }
                }
            }
            Err(error) if is_proof_wanted(&error) => {
                if let Err(error) = prove(&site, &memory, &introduction).await {
                    link.failed(&error);
                    backoff.wait(Some(&error)).await;
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

fn is_proof_wanted(error: &ClientError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.code == PROOF_WANTED)
}

/// Sends back the policy that is held. One that can't be read is none: the next request says so.
async fn prove(site: &ClientApi, memory: &Memory, introduction: &Introduction) -> Result<(), ClientError> {
    let Some(envelope) = memory.with(|store| store.held_policy()).ok().flatten() else { return Ok(()) };
    tracing::warn!(site = %site.site(), "the site has forgotten the policy that is held here; it gets it back as proof");
    site.prove(introduction, envelope.into()).await
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
