//! Status messages as fast as the site takes them, and whether what it counts is right afterwards.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use super::ground::Ground;
use super::load::number;
use crate::bench::report::Figure;

/// Devices that send side by side.
const SENDING: u32 = 200;
/// For how long, in seconds.
const SECONDS: u32 = 10;
const BATCH: u32 = 10;

/// Nobody holds any more afterwards.
pub(super) fn measure(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let sending = SENDING.min(ground.devices);
    ground.load.ask(&json!({ "do": "release" }))?;
    // Connections are opened before the clock runs.
    ground.load.ask(&json!({ "do": "poll", "devices": sending, "times": 1 }))?;
    let subject = Ground::subject("for-all");
    let (answer, cost) = ground
        .cost(&json!({ "do": "status", "devices": sending, "seconds": SECONDS, "batch": BATCH, "subject": subject }))?;
    let kept = number(&answer, "/kept")?;
    let mut figures = vec![
        Figure::at_least("status messages in batches of 10", kept / number(&answer, "/elapsed_s")?, 10_000.0, "1/s"),
        Figure::told("batch of status messages, median", number(&answer, "/batches/median_s")? * 1e3, "ms"),
        Figure::told("batch of status messages, p95", number(&answer, "/batches/p95_s")? * 1e3, "ms"),
    ];
    let each = cost.figures("1,000 status messages", kept / 1e3, f64::INFINITY);
    figures.extend(each.into_iter().map(Figure::without_limit));
    figures.push(Figure::at_most("devices counted in a wrong state", wrong(ground, &answer["states"])?, 0.0, ""));
    Ok(figures)
}

/// How far the site's counts are from the states that the devices sent last.
fn wrong(ground: &Ground, expected: &Value) -> anyhow::Result<f64> {
    let shown = ground.stage.dray(["advertisement", "show", "for-all"])?;
    let counted = shown["summary"]["states"].as_array().context("the advertisement has no summary")?;
    let expected = expected.as_object().context("dray-sim says nothing of states")?;
    let mut missing: BTreeMap<&str, f64> =
        expected.iter().map(|(state, devices)| (state.as_str(), devices.as_f64().unwrap_or(0.0))).collect();
    for count in counted {
        let state = count["state"].as_str().context("a count has no state")?;
        *missing.entry(state).or_default() -= number(count, "/devices")?;
    }
    Ok(missing.values().map(|devices| devices.abs()).sum())
}
