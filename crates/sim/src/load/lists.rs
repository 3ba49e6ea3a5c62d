//! Lists that administrators read, page by page over one connection.

use std::time::Instant;

use anyhow::ensure;
use dray_client::SiteApi;
use dray_model::Name;
use serde_json::{Value, json};

use crate::latency::Latency;

const MEMBERS: u32 = 1000;
const ADVERTISEMENTS: u32 = 200;

/// Reads `pages` pages of the collection's members and answers how long they took.
pub(super) async fn members(administrator: &SiteApi, collection: &Name, pages: usize) -> anyhow::Result<Value> {
    let (mut list, mut waits) = (administrator.collection_members(collection), Vec::new());
    for page in 0..pages {
        let began = Instant::now();
        let found = list.next(MEMBERS).await?.unwrap_or_default();
        waits.push(began.elapsed());
        ensure!(found.len() == MEMBERS as usize, "page {page} of {collection} has {} members", found.len());
    }
    Ok(json!({ "pages": Latency::of(waits) }))
}

/// Reads the first 200 advertisements `times` times and answers how long that took, and how many devices they reach in all.
pub(super) async fn advertisements(administrator: &SiteApi, times: usize) -> anyhow::Result<Value> {
    let (mut waits, mut targeted, mut reported) = (Vec::new(), 0, 0);
    for _ in 0..times {
        let began = Instant::now();
        let found = administrator.advertisements().next(ADVERTISEMENTS).await?.unwrap_or_default();
        waits.push(began.elapsed());
        ensure!(found.len() == ADVERTISEMENTS as usize, "there are {} advertisements", found.len());
        targeted = found.iter().map(|advertisement| advertisement.summary.targeted).sum();
        reported =
            found.iter().flat_map(|advertisement| &advertisement.summary.states).map(|count| count.devices).sum();
    }
    Ok(json!({ "lists": Latency::of(waits), "targeted": targeted, "reported": reported }))
}
