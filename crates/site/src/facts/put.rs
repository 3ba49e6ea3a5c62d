//! Takes a device's facts in place of those it reported before, and puts it into the collections that follow from them.
//!
//! Facts that didn't change cost one reading and no writing. What did change is written with the memberships that follow, in one
//! transaction. How many rows a device may report is in the inventory catalogue; texts are cut by `dray_model::facts`.

use dray_model::Name;
use dray_model::facts::Facts;
use dray_store::facts::{self, Report};

use super::FactsError;
use crate::actor::{Actor, Permission};
use crate::collection::place;
use crate::error::SiteError;
use crate::site::Site;

/// Takes the facts of the device that asks.
///
/// # Errors
/// [`FactsError::TooMany`], [`FactsError::NotEnrolled`].
pub async fn put(site: &Site, actor: &Actor, facts: &Facts) -> Result<(), FactsError> {
    let Actor::Device(id) = *actor else {
        return Err(SiteError::Denied { actor: actor.to_string(), permission: Permission::ActAsDevice }.into());
    };
    check_size(facts)?;
    // Again while other facts of the same device come in between.
    loop {
        let mut snapshot = site.read(actor, Permission::ActAsDevice).await?;
        let kept = facts::kept(&mut snapshot, &[id]).await?.remove(&id).filter(|kept| kept.is_enrolled);
        let kept = kept.ok_or(FactsError::NotEnrolled(id))?;
        drop(snapshot);
        let report = Report::new(id, facts, kept.digests);
        if !report.is_news() || write(site, actor, &kept.name, &report).await? {
            return Ok(());
        }
    }
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

/// False when the site knows other facts of the device by now than those that were compared with, or shut it out.
async fn write(site: &Site, actor: &Actor, name: &Name, report: &Report<'_>) -> Result<bool, FactsError> {
    let mut change = site.change(actor, Permission::ActAsDevice).await?;
    let now = change.now();
    if facts::replace(&mut change, std::slice::from_ref(report), now).await?.is_empty() {
        return Ok(false);
    }
    place(&mut change, report.device, name, report.facts, &report.changed()).await?;
    change.commit_unnoted().await?;
    metrics::counter!("dray_facts_changed_total").increment(1);
    Ok(true)
}

#[cfg(test)]
mod tests;
