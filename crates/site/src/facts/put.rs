//! Takes a device's facts in place of those it reported before, and puts it into the collections that follow from them.
//!
//! Facts that didn't change cost one reading and no writing. What did change is written with the memberships that follow. Both is
//! done for many devices in one transaction. How many rows a device may report is in the inventory catalogue; texts are cut by `dray_model::facts`.

use std::collections::BTreeMap;

use dray_model::facts::Facts;
use dray_model::{DeviceId, Name};
use dray_store::facts::{self, FactDigests, Kept, Report};
use dray_store::{StoreError, device};

use super::FactsError;
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::collection::{Placed, place};
use crate::error::SiteError;
use crate::site::Site;
use crate::together::{self, Batch, Together};

/// Takes the facts of the device that asks, and what its agent understands.
///
/// # Errors
/// [`FactsError::TooMany`], [`FactsError::NotEnrolled`].
pub async fn put(site: &Site, actor: &Actor, facts: Facts, features: Vec<Name>) -> Result<(), FactsError> {
    let Actor::Device(device) = *actor else {
        return Err(SiteError::Denied { actor: actor.to_string(), permission: Permission::ActAsDevice }.into());
    };
    check_size(&facts)?;
    actor.authorise(Permission::ActAsDevice)?;
    let kept = together::write(site, KeptOf(device)).await?.ok_or(FactsError::NotEnrolled(device))?;
    let reported = Reported { device, digests: FactDigests::of(&facts), facts, features };
    if kept.features == reported.features && !reported.beside(&kept).is_news() {
        return Ok(());
    }
    if together::write(site, reported).await? { Ok(()) } else { Err(FactsError::NotEnrolled(device)) }
}

fn check_size(facts: &Facts) -> Result<(), FactsError> {
    match facts.tables().find(|table| table.len() > table.class().info().rows_max) {
        None => Ok(()),
        Some(table) => {
            let info = table.class().info();
            Err(FactsError::TooMany { what: info.name, found: table.len(), max: info.rows_max })
        }
    }
}

/// A device of which it is to be read what is kept, together with others.
#[derive(Debug)]
pub(crate) struct KeptOf(DeviceId);

impl Batch for KeptOf {
    const MAX: usize = 100;
    /// None of a device that isn't enrolled.
    type Answer = Option<Kept>;

    fn queue(site: &Site) -> &Together<Self> {
        site.kept_facts()
    }

    async fn write(site: &Site, batch: &[Self]) -> Result<Vec<Option<Kept>>, StoreError> {
        let devices: Vec<_> = batch.iter().map(|kept_of| kept_of.0).collect();
        let kept = facts::kept(&mut site.db().read().await?, &devices).await?;
        Ok(devices.iter().map(|device| kept.get(device).filter(|kept| kept.is_enrolled).cloned()).collect())
    }
}

/// Facts of one device, to be written with those of others.
#[derive(Debug)]
pub(crate) struct Reported {
    device: DeviceId,
    facts: Facts,
    digests: FactDigests,
    features: Vec<Name>,
}

impl Reported {
    fn beside(&self, kept: &Kept) -> Report<'_> {
        let (device, digests) = (self.device, self.digests.clone());
        Report { device, facts: &self.facts, digests, kept: kept.digests.clone() }
    }
}

impl Batch for Reported {
    const MAX: usize = 100;
    /// False of a device that isn't enrolled.
    type Answer = bool;

    fn queue(site: &Site) -> &Together<Self> {
        site.reported_facts()
    }

    /// Of several reports of one device the last counts: they came at the same time.
    async fn write(site: &Site, batch: &[Self]) -> Result<Vec<bool>, StoreError> {
        let last: BTreeMap<DeviceId, &Self> = batch.iter().map(|reported| (reported.device, reported)).collect();
        let mut change = site.change_by_devices().await?;
        let devices: Vec<_> = last.keys().copied().collect();
        let mut kept = facts::kept(&mut change, &devices).await?;
        kept.retain(|_, kept| kept.is_enrolled);
        keep_facts(&mut change, &last, &kept).await?;
        for (device, kept) in &kept {
            let features = &last[device].features;
            if *features != kept.features {
                device::set_features(&mut change, *device, features).await?;
            }
        }
        change.commit_unrecorded().await?;
        Ok(batch.iter().map(|reported| kept.contains_key(&reported.device)).collect())
    }
}

/// Writes what is news, and the memberships that follow.
async fn keep_facts(
    change: &mut Change<'_>,
    reported: &BTreeMap<DeviceId, &Reported>,
    kept: &BTreeMap<DeviceId, Kept>,
) -> Result<(), StoreError> {
    let news: Vec<_> =
        kept.iter().map(|(device, kept)| reported[device].beside(kept)).filter(Report::is_news).collect();
    if news.is_empty() {
        return Ok(());
    }
    let now = change.now();
    facts::replace(change, &news, now).await?;
    let classes = news.iter().flat_map(Report::changed).collect();
    let placed: Vec<_> = news
        .iter()
        .map(|report| Placed { device: report.device, name: &kept[&report.device].name, facts: report.facts })
        .collect();
    place(change, &placed, &classes).await?;
    metrics::counter!("dray_facts_changed_total").increment(news.len() as u64);
    Ok(())
}

#[cfg(test)]
mod tests;
