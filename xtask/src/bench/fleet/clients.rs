//! What devices cost one by one: enrolment, first facts, asking for an unchanged policy, holding a connection.

use std::time::Duration;

use serde_json::json;

use super::ground::Ground;
use super::load::number;
use crate::bench::report::Figure;
use crate::bench::stage::{rest, until};

/// Devices that ask for their unchanged policy, and how often each.
const POLLING: u32 = 200;
const POLLS: u32 = 100;
/// After this time the site has written down when it last heard of each device, which it does every 15 s.
const PRESENCE: Duration = Duration::from_secs(16);

/// Leaves all devices enrolled, with facts, and holding their requests at a fresh site server.
pub(super) fn measure(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let devices = ground.devices;
    let count = f64::from(devices);
    let token = ground.token(devices)?;
    let (_, cost) = ground.cost(&json!({ "do": "enrol", "token": token, "devices": devices }))?;
    let mut figures = cost.figures("enrolment", count, 0.8);
    let (_, cost) = ground.cost(&json!({ "do": "facts", "devices": devices }))?;
    figures.extend(cost.figures("first facts with 20 packages and the TLS handshake", count, 0.6));
    figures.extend(polls(ground)?);
    figures.extend(holding(ground)?);
    Ok(figures)
}

fn polls(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let polling = POLLING.min(ground.devices);
    let count = f64::from(polling * POLLS);
    // Opens the connections and fetches the policies.
    ground.load.ask(&json!({ "do": "poll", "devices": polling, "times": 1 }))?;
    let before = ground.transactions()?;
    let (answer, cost) = ground.cost(&json!({ "do": "poll", "devices": polling, "times": POLLS }))?;
    let after = ground.transactions()?;
    let mut figures = cost.figures("unchanged poll", count, 0.04);
    let changed = count - number(&answer, "/unchanged")?;
    figures.push(Figure::at_most("polls that found another policy", changed, 0.0, ""));
    if let Some((before, after)) = before.zip(after) {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let transactions = (after - before) as f64;
        // What the site asks by itself each second is in it, so not quite 0.
        figures.push(Figure::at_most("transactions for an unchanged poll", transactions / count, 0.01, ""));
    }
    Ok(figures)
}

fn holding(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let devices = ground.devices;
    ground.load.ask(&json!({ "do": "release" }))?;
    ground.stage.restart_site()?;
    // The first few bring what a server needs once.
    ground.load.ask(&json!({ "do": "poll", "devices": 10, "times": 1 }))?;
    ground.rest()?;
    let before = ground.stage.site().status("VmRSS")?;
    ground.load.ask(&json!({ "do": "hold", "devices": devices }))?;
    until("all devices to hold", || Ok(ground.stage.metric("dray_policies_held")? == u64::from(devices)))?;
    // What follows is not to pay for it.
    rest(PRESENCE);
    ground.rest()?;
    let after = ground.stage.site().status("VmRSS")?;
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
    let each_kb = (after.saturating_sub(before) * 1024) as f64 / 1e3 / f64::from(devices);
    Ok(vec![Figure::at_most("resident for a held connection", each_kb, 20.0, "KB")])
}
