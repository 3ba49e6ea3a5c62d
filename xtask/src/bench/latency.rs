//! From the administrator's command to the start of the program on an agent that holds its connection.
//!
//! The clock starts before the command line tool does and stops with the first thing that the program does, so the figure
//! holds the tool's own start, the API, signing, the nudge, the agent's decision, the runner and the shell.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::report::{Figure, Report};
use super::stage::{Stage, until};

const ROUNDS: usize = 21;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let stage = Stage::start()?;
    let agent = stage.enrol_agent("agent")?;
    stage.dray(["collection", "create", "fleet", "--all"])?;
    let mut delays_s = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let stamp = stage.folder().join(format!("started-{round}"));
        let name = format!("stamp-{round}");
        let command = format!("/bin/sh -c \"date +%s%N > {0}.new; mv {0}.new {0}\"", stamp.display());
        stage.dray(["package", "create", &name, "--program", &format!("stamp={command}")])?;
        until("the agent to hold its connection", || {
            let devices = stage.dray(["device", "list"])?;
            Ok(devices[0]["connected"] == true)
        })?;
        let asked = now_ns()?;
        stage.dray([
            "advertisement",
            "create",
            &name,
            "--package",
            &name,
            "--program",
            "stamp",
            "--collection",
            "fleet",
            "--mandatory",
        ])?;
        until("the program to run", || Ok(stamp.exists()))?;
        let started: u128 = std::fs::read_to_string(&stamp)?.trim().parse().context("date printed no number")?;
        #[expect(clippy::cast_precision_loss, reason = "delays are far below 2^53 ns")]
        delays_s.push(started.saturating_sub(asked) as f64 / 1e9);
    }
    drop(agent);

    delays_s.sort_by(f64::total_cmp);
    Ok(Report::new(
        "latency",
        vec![
            Figure::at_most("nudge to program start, median", delays_s[ROUNDS / 2], 2.0, "s"),
            Figure::told("nudge to program start, least", delays_s[0], "s"),
            Figure::told("nudge to program start, most", delays_s[ROUNDS - 1], "s"),
        ],
    ))
}

#[expect(clippy::disallowed_methods, reason = "compared with what `date` prints in another process")]
fn now_ns() -> anyhow::Result<u128> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())
}
