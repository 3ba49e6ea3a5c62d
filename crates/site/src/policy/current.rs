//! Hands a device its policy, at once or as soon as it is another than the device has.

use std::time::Duration;

use dray_model::{DeviceId, Digest};
use tokio::time::Instant;

use super::PolicyError;
use super::compute::half;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Longest time that a request is held.
pub const HOLD_MAX: Duration = Duration::from_secs(600);

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
    let start = Instant::now();
    let end = start + wait.min(HOLD_MAX);
    let mut due = start;
    loop {
        site.feed().keep_up(site).await?;
        if !is_unchanged(site, device, known)
            // Boxed, so that the wait below keeps no room for it.
            && let Some(found) = Box::pin(compute(site, device, known, due)).await?
        {
            return Ok(Some(found));
        }
        if wait.is_zero() || !again(site, device, known, end).await {
            metrics::counter!("dray_policies_unchanged_total").increment(1);
            return Ok(None);
        }
        due = end;
    }
}

fn is_unchanged(site: &Site, device: DeviceId, known: Option<Digest>) -> bool {
    known.is_some() && site.policies().memory().tag(device, half(device, site.now())) == known
}

/// The device's policy, unless it is the one that is known.
async fn compute(
    site: &Site,
    device: DeviceId,
    known: Option<Digest>,
    due: Instant,
) -> Result<Option<SealedPolicy>, PolicyError> {
    let policies = site.policies();
    let turn = match policies.desk.ask(site, device, due).await {
        Err(error @ PolicyError::NotEnrolled(_)) => {
            policies.memory().forget(device);
            return Err(error);
        }
        asked => asked?,
    };
    let computed = &turn.computed;
    metrics::counter!("dray_policies_computed_total").increment(1);
    policies.memory().remember(device, computed.remembered(), &computed.collections);
    policies.note_fetched(site, device, computed);
    if known == Some(computed.tag) {
        return Ok(None);
    }
    Ok(Some(SealedPolicy { tag: computed.tag, envelope: computed.seal(site, device)? }))
}

/// Waits until the device's policy may be another. False when the time is over.
async fn again(site: &Site, device: DeviceId, known: Option<Digest>, end: Instant) -> bool {
    let half = half(device, site.now());
    let Some(known) = known else { return false };
    let Some(news) = site.policies().memory().hold(device, known, half, end) else { return Instant::now() < end };
    let _release = Release { site, device };
    tokio::time::timeout_at(end, news).await.is_ok()
}

/// Ends a hold, also when the caller has gone.
struct Release<'a> {
    site: &'a Site,
    device: DeviceId,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.site.policies().memory().release(self.device);
    }
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
