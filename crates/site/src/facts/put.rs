//! Takes a device's facts in place of those it told before, and puts it into the collections that follow from them.
//!
//! Facts that didn't change cost one reading and no writing. What did change is written with the memberships that follow, in one
//! transaction.

use dray_model::DeviceId;
use dray_model::device::DeviceState;
use dray_model::facts::Facts;
use dray_query::FactRows;
use dray_store::device;
use dray_store::facts::{self, FactDigests};

use super::FactsError;
use crate::actor::{Actor, Permission};
use crate::collection::place;
use crate::error::SiteError;
use crate::site::Site;

/// Most that one device may tell. Texts are cut by `dray_query::FactRows`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactLimits {
    /// File systems.
    pub disks_max: usize,
    /// Network addresses.
    pub addresses_max: usize,
    /// Installed packages.
    pub software_max: usize,
}

impl FactLimits {
    /// What the product allows: several times what large servers have.
    pub const PRODUCT: Self = Self { disks_max: 256, addresses_max: 1024, software_max: 20_000 };

    fn check(&self, facts: &Facts) -> Result<(), FactsError> {
        for (what, found, max) in [
            ("disks", facts.disks.len(), self.disks_max),
            ("addresses", facts.addresses.len(), self.addresses_max),
            ("software packages", facts.software.len(), self.software_max),
        ] {
            if found > max {
                return Err(FactsError::TooMany { what, found, max });
            }
        }
        Ok(())
    }
}

/// Takes the facts of the device that asks.
///
/// # Errors
/// [`FactsError::TooMany`], [`FactsError::NotEnrolled`].
pub async fn put(site: &Site, actor: &Actor, facts: &Facts) -> Result<(), FactsError> {
    let Actor::Device(id) = *actor else {
        return Err(SiteError::Denied { actor: actor.to_string(), permission: Permission::ActAsDevice }.into());
    };
    FactLimits::PRODUCT.check(facts)?;
    let rows = FactRows::from(facts);
    let digests = FactDigests::of(&rows);
    let kept = facts::digests(&mut site.read(actor, Permission::ActAsDevice).await?, id).await?;
    if kept == Some(digests) {
        return Ok(());
    }
    write(site, actor, id, &rows, &digests).await
}

async fn write(
    site: &Site,
    actor: &Actor,
    id: DeviceId,
    rows: &FactRows,
    digests: &FactDigests,
) -> Result<(), FactsError> {
    let mut change = site.change(actor, Permission::ActAsDevice).await?;
    let now = change.now();
    let device = device::find(&mut change, id).await?.filter(|device| device.state == DeviceState::Enrolled);
    let device = device.ok_or(FactsError::NotEnrolled(id))?;
    let kept = facts::digests(&mut change, id).await?;
    let changed = digests.changed(kept.as_ref());
    facts::replace(&mut change, id, rows, digests, &changed, now).await?;
    place(&mut change, id, &device.name, rows, &changed).await?;
    change.commit_unnoted().await?;
    metrics::counter!("dray_facts_changed_total").increment(1);
    Ok(())
}

#[cfg(test)]
mod tests;
