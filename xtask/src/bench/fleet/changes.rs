//! What changes cost while all devices hold their requests: of one device, and an advertisement for all.

use serde_json::json;

use super::ground::Ground;
use super::load::number;
use crate::bench::report::Figure;

/// Devices whose facts change, one after the other: enough that ticks of 10 ms don't matter.
const CHANGES: u32 = 100;
/// How long an advertisement may take to reach all before the benchmark fails.
const WITHIN_S: u32 = 170;

/// Ends with all devices holding still.
pub(super) fn measure(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let stage = &ground.stage;
    stage.dray(["package", "create", "tool", "--program", "install=/bin/true"])?;
    stage.dray(["collection", "create", "marked", "--query", "processors >= 128"])?;
    let order = ["--package", "tool", "--program", "install", "--collection", "marked", "--mandatory"];
    stage.dray(["advertisement", "create", "for-marked"].into_iter().chain(order))?;
    let mut figures = change(ground, "disk", "facts change without effect", 2.0)?;
    figures.extend(change(ground, "membership", "membership changes", 3.0)?);
    figures.extend(wave(ground)?);
    Ok(figures)
}

fn change(ground: &mut Ground, what: &str, name: &str, limit_ms: f64) -> anyhow::Result<Vec<Figure>> {
    let changes = CHANGES.min(ground.devices / 2);
    let count = f64::from(changes);
    let computed = ground.stage.metric("dray_policies_computed_total")?;
    let first = if what == "membership" { changes } else { 0 };
    let command = json!({ "do": "change", "first": first, "devices": changes, "what": what });
    let (answer, cost) = ground.cost(&command)?;
    let computed = ground.stage.metric("dray_policies_computed_total")? - computed;
    let mut figures = cost.figures(&format!("one device's {name}"), count, limit_ms);
    let expected = if what == "membership" { 1.0 } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    let each = computed as f64 / count;
    figures.push(Figure::at_most(format!("policies computed when one device's {name}"), each, expected, ""));
    figures.push(Figure::at_most(
        format!("other devices told when one device's {name}"),
        number(&answer, "/others")?,
        0.0,
        "",
    ));
    let wait = |place: &str| Ok::<_, anyhow::Error>(number(&answer, &format!("/wait/{place}"))? * 1e3);
    let told = if what == "membership" { "policy after" } else { "answer after" };
    figures.push(Figure::told(format!("{told} one device's {name}, median"), wait("median_s")?, "ms"));
    figures.push(Figure::told(format!("{told} one device's {name}, p95"), wait("p95_s")?, "ms"));
    Ok(figures)
}

fn wave(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let advertisement = Ground::advertisement("for-all", "all-devices");
    let (answer, cost) =
        ground.cost(&json!({ "do": "advertise", "advertisement": advertisement, "within_s": WITHIN_S }))?;
    let seconds = |pointer: &str| number(&answer, pointer);
    let mut figures = vec![
        Figure::told("advertisement to all: first policy out", seconds("/policies/least_s")?, "s"),
        Figure::at_most("advertisement to all: median policy out", seconds("/policies/median_s")?, 1.0, "s"),
        Figure::at_most("advertisement to all: last policy out", seconds("/policies/most_s")?, 3.0, "s"),
        Figure::at_most("administrator's requests meanwhile, p95", seconds("/requests/p95_s")? * 1e3, 100.0, "ms"),
        Figure::told("administrator's requests meanwhile, most", seconds("/requests/most_s")? * 1e3, "ms"),
        Figure::told("administrator's requests meanwhile", seconds("/requests/count")?, ""),
    ];
    let each = cost.figures("advertisement to all: each device", f64::from(ground.devices), f64::INFINITY);
    figures.extend(each.into_iter().map(Figure::without_limit));
    Ok(figures)
}
