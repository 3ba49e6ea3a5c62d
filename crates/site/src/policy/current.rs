//! Hands a device its policy, at once or as soon as it is another than the device has.

use std::time::Duration;

use dray_model::{DeviceId, Digest};

use super::compute::half;
use super::{PolicyError, compute};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// A policy as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPolicy {
    /// Names what the policy says: the same for the same answer.
    pub tag: Digest,
    /// The signed envelope.
    pub envelope: Vec<u8>,
}

/// The policy of the calling device. With the tag that it has, waits up to `wait` for another; `None` when there is none.
///
/// # Errors
/// [`PolicyError::NotEnrolled`], for a device that is revoked while it waits too.
pub async fn current(
    site: &Site,
    actor: &Actor,
    device: DeviceId,
    known: Option<Digest>,
    wait: Duration,
) -> Result<Option<SealedPolicy>, PolicyError> {
    actor.authorise(Permission::ActAsDevice)?;
    site.presence().seen(device, site.now());
    let _held = (!wait.is_zero()).then(|| (site.presence().hold(device), Gauge::new()));
    let mut hold = site.news().hold(wait);
    loop {
        if let Some(found) = look(site, device, known).await? {
            return Ok(Some(found));
        }
        if !hold.again().await {
            metrics::counter!("dray_policies_unchanged_total").increment(1);
            return Ok(None);
        }
    }
}

/// The device's policy, unless it is the one that is known.
async fn look(site: &Site, device: DeviceId, known: Option<Digest>) -> Result<Option<SealedPolicy>, PolicyError> {
    let policies = site.policies();
    if let Some(known) = known {
        let generation = policies.generation(site).await?;
        if policies.remembered(device, generation, half(device, site.now())) == Some(known) {
            return Ok(None);
        }
    }
    let turn = policies.turns.acquire().await.expect("the semaphore is never closed");
    let computed = compute(site, device).await?;
    drop(turn);
    policies.remember(device, &computed);
    policies.note_fetched(site, device, &computed);
    if known == Some(computed.tag) {
        return Ok(None);
    }
    metrics::counter!("dray_policies_computed_total").increment(1);
    let tag = computed.tag;
    Ok(Some(SealedPolicy { tag, envelope: computed.seal(site, device)? }))
}

/// Counts a held request for as long as it lives.
struct Gauge;

impl Gauge {
    fn new() -> Self {
        metrics::gauge!("dray_policies_held").increment(1.0);
        Self
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        metrics::gauge!("dray_policies_held").decrement(1.0);
    }
}
