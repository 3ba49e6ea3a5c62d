//! Tells the site the device's facts: at the start, at each inventory, after each run, and only when they are others.

use std::sync::Arc;
use std::time::Duration;

use dray_model::facts::Facts;
use dray_model::policy::AgentSettings;
use dray_model::{Digest, Name, requirement};
use tokio::sync::{Notify, watch};

use super::{Backoff, Link};
use crate::engine::Memory;
use crate::facts::{Limits, take};

/// Tells for ever; `changed` is notified when something happened that may have changed the facts.
pub(crate) async fn tell_facts(
    link: Arc<Link>,
    memory: Arc<Memory>,
    changed: Arc<Notify>,
    settings: watch::Receiver<AgentSettings>,
) {
    let mut backoff = Backoff::default();
    loop {
        let Ok(facts) = tokio::task::spawn_blocking(|| take(&Limits::default())).await else { return };
        let features = requirement::features();
        let digest = Digest::of(&serde_json::to_vec(&(&facts, &features)).expect("facts have a JSON form"));
        let told = memory.with(|store| store.facts_told()).ok().flatten();
        if told != Some(digest) {
            tell(&link, &facts, &features, &mut backoff).await;
            if let Err(error) = memory.with(|store| store.set_facts_told(digest)) {
                tracing::warn!(error = %dray_client::error::in_full(&error), "facts are told again after a restart");
            }
        }
        drop(facts);
        let interval = Duration::from_secs(settings.borrow().inventory_interval_s.into());
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = changed.notified() => {}
        }
    }
}

/// Tells until the site has them.
async fn tell(link: &Link, facts: &Facts, features: &[Name], backoff: &mut Backoff) {
    loop {
        match link.site().put_facts(facts, features).await {
            Ok(()) => {
                link.heard();
                backoff.reset();
                return;
            }
            Err(error) => {
                link.failed(&error);
                backoff.wait(Some(&error)).await;
            }
        }
    }
}
