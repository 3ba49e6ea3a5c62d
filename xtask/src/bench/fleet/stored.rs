//! Lists of administrators on a database of a million devices.

use serde_json::{Value, json};

use super::ground::Ground;
use super::load::number;
use crate::bench::report::Figure;

const ADVERTISEMENTS: u32 = 200;
/// Devices that said where they are with every advertisement.
const REPORTING: u32 = 1000;
/// Pages of 1000 members, read from the beginning on.
const PAGES: u32 = 100;
/// How often the advertisements are listed.
const LISTS: u32 = 20;

/// Fills the database up to `stored` devices; those that enrolled stay.
pub(super) fn measure(ground: &mut Ground, stored: u32) -> anyhow::Result<Vec<Figure>> {
    let more = stored.saturating_sub(ground.devices) / 4 * 4;
    ground.stage.stop_site();
    ground.load.ask(&json!({ "do": "fill", "database": ground.database(), "devices": more }))?;
    ground.stage.restart_site()?;
    ground.stage.dray(["collection", "evaluate", "all-devices"])?;
    ground.stage.dray(["collection", "create", "quarter", "--query", "name.endsWith(\"-de\")"])?;
    let names = advertise(ground)?;
    report(ground, &names)?;
    let mut figures = members(ground, more / 4)?;
    figures.extend(list(ground)?);
    Ok(figures)
}

/// Half of the advertisements are for all devices, half for a quarter.
fn advertise(ground: &Ground) -> anyhow::Result<Vec<String>> {
    let names: Vec<String> = (0..ADVERTISEMENTS).map(|number| format!("a-{number:03}")).collect();
    for (place, name) in names.iter().enumerate() {
        let collection = if place % 2 == 0 { "all-devices" } else { "quarter" };
        let terms = ["--package", "tool", "--program", "install", "--collection", collection];
        ground.stage.dray(["advertisement", "create", name].into_iter().chain(terms))?;
    }
    Ok(names)
}

fn report(ground: &mut Ground, names: &[String]) -> anyhow::Result<()> {
    let subjects: Vec<Value> = names.iter().map(|name| Ground::subject(name)).collect();
    let reporting = REPORTING.min(ground.devices);
    ground.load.ask(&json!({ "do": "arrive", "devices": reporting, "subjects": subjects }))?;
    Ok(())
}

fn members(ground: &mut Ground, members: u32) -> anyhow::Result<Vec<Figure>> {
    let pages = PAGES.min(members / 1000);
    let (answer, cost) = ground.cost(&json!({ "do": "members", "collection": "quarter", "pages": pages }))?;
    let mut figures = cost.figures("page of 1,000 members of a quarter of all devices", f64::from(pages), 8.0);
    figures.push(Figure::told("page of 1,000 members, median", number(&answer, "/pages/median_s")? * 1e3, "ms"));
    Ok(figures)
}

fn list(ground: &mut Ground) -> anyhow::Result<Vec<Figure>> {
    let (answer, cost) = ground.cost(&json!({ "do": "advertisements", "times": LISTS }))?;
    let mut figures = cost.figures("list of 200 advertisements with counts", f64::from(LISTS), 20.0);
    figures.push(Figure::told("list of 200 advertisements, median", number(&answer, "/lists/median_s")? * 1e3, "ms"));
    // Two more than these are there, but these are the first by name.
    let expected = f64::from(REPORTING.min(ground.devices) * ADVERTISEMENTS);
    figures.push(Figure::at_most("states missing in the list", expected - number(&answer, "/reported")?, 0.0, ""));
    Ok(figures)
}
