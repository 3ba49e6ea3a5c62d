//! What the agent costs a computer on which nothing happens: file size, memory, wake-ups.

use std::time::Duration;

use super::report::{Figure, Report};
use super::stage::{Stage, rest, until};

/// After this time the agent has sent its facts and holds its policy request.
const SETTLE: Duration = Duration::from_secs(15);
/// How long it is watched.
const WATCH: Duration = Duration::from_secs(180);

#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
pub(crate) fn measure() -> anyhow::Result<Report> {
    let stage = Stage::start()?;
    let size_bytes = std::fs::metadata(stage.agent_program())?.len();
    let agent = stage.enrol_agent("agent")?;
    until("the agent to hold its connection", || {
        let devices = stage.dray(["device", "list"])?;
        Ok(devices[0]["connected"] == true)
    })?;
    rest(SETTLE);
    let before = agent.sleeps()?;
    rest(WATCH);
    let wakeups = agent.sleeps()? - before;

    Ok(Report::new(
        "agent",
        vec![
            Figure::at_most("release binary", size_bytes as f64 / 1e6, 8.0, "MB"),
            Figure::at_most("resident, idle", agent.status("VmRSS")? as f64 * 1024.0 / 1e6, 12.0, "MB"),
            Figure::told("resident, peak since start", agent.status("VmHWM")? as f64 * 1024.0 / 1e6, "MB"),
            Figure::told("private, idle", agent.status("RssAnon")? as f64 * 1024.0 / 1e6, "MB"),
            Figure::at_most("wake-ups in a minute, idle", wakeups as f64 * 60.0 / WATCH.as_secs_f64(), 1.0, "1/min"),
            Figure::told("threads", agent.status("Threads")? as f64, ""),
        ],
    ))
}
