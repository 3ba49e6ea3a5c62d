//! A package of 1 GB in 10 000 files: what its ingest costs the site server, and its first download an agent.
//!
//! The download ends when the tree has its name in the agent's cache; the check before a run is measured apart from it. Beside it
//! stands what curl and b3sum take for the same content over the same TLS, see [`plain`](super::plain).

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;

use super::noise::Noise;
use super::{bars, plain};
use crate::bench::report::Figure;
use crate::bench::stage::{Stage, until};

const FILES: usize = 10_000;
const SIZE_BYTES: usize = 1_000_000_000;
const FILES_IN_A_FOLDER: usize = 100;
/// Agents that fetch one after the other; the least that one of them took counts, as it does for their peers.
const ROUNDS: usize = 2;

/// What one agent took.
struct Download {
    cpu_s: f64,
    wall_s: f64,
    check_cpu_s: f64,
    peak_mb: f64,
}

/// The figures of ingest and first download.
pub(super) fn measure() -> anyhow::Result<Vec<Figure>> {
    let stage = Stage::start()?;
    let source = stage.folder().join("source");
    eprintln!("measuring ingest and first download");
    make_source(&source)?;
    let mut figures = ingest(&stage, &source)?;
    stage.dray(["collection", "create", "fleet", "--all"])?;
    let mut downloads = Vec::new();
    let mut peers = plain::Peers::prepare(&source, &stage.folder().join("site/content"), stage.folder())?;
    for number in 0..ROUNDS {
        downloads.push(download(&stage, number)?);
        peers.round()?;
    }
    let least = |of: fn(&Download) -> f64| downloads.iter().map(of).fold(f64::MAX, f64::min);
    let most = |of: fn(&Download) -> f64| downloads.iter().map(of).fold(0.0, f64::max);
    let cpu_s = least(|download| download.cpu_s);
    figures.extend([
        Figure::at_most("first download/agent resident at its peak", most(|download| download.peak_mb), 200.0, "MB"),
        Figure::told("first download/CPU", cpu_s / GIGABYTES, "s/GB"),
        Figure::told("first download/wall", least(|download| download.wall_s), "s"),
        Figure::told(
            "first download/check before the run, CPU",
            least(|download| download.check_cpu_s) / GIGABYTES,
            "s/GB",
        ),
    ]);
    figures.extend(peers.figures(cpu_s, GIGABYTES));
    Ok(figures)
}

const GIGABYTES: f64 = SIZE_BYTES as f64 / 1e9;

fn ingest(stage: &Stage, source: &Path) -> anyhow::Result<Vec<Figure>> {
    let (cpu_before, start) = (stage.site().cpu_s()?, Instant::now());
    stage.dray([
        "package".as_ref(),
        "create".as_ref(),
        "large".as_ref(),
        "--source".as_ref(),
        source.as_os_str(),
        "--program".as_ref(),
        "check=/bin/true".as_ref(),
        "--wait".as_ref(),
    ])?;
    let (wall_s, cpu_s) = (start.elapsed().as_secs_f64(), stage.site().cpu_s()? - cpu_before);
    let peak_kb = stage.site().status("VmHWM")?;
    Ok(vec![
        Figure::at_most("ingest/site server resident at its peak", mb(peak_kb), bars::INGEST_RESIDENT_MB, "MB"),
        Figure::told("ingest/CPU", cpu_s / GIGABYTES, "s/GB"),
        Figure::told("ingest/wall", wall_s, "s"),
    ])
}

/// Has a new agent fetch the package for a run in the far future, and then run it.
fn download(stage: &Stage, number: usize) -> anyhow::Result<Download> {
    let (name, order) = (format!("agent-{number}"), format!("large-{number}"));
    let agent = stage.enrol_agent(&name)?;
    let contents = stage.folder().join(&name).join("cache/contents");
    let (cpu_before, start) = (agent.cpu_s()?, Instant::now());
    let terms = ["--package", "large", "--program", "check", "--collection", "fleet", "--at", "2099-01-01T00:00:00Z"];
    stage.dray(["advertisement", "create", &order].into_iter().chain(terms))?;
    until("the agent to have the package", || {
        Ok(fs::read_dir(&contents).is_ok_and(|mut names| names.next().is_some()))
    })?;
    let (wall_s, after_download) = (start.elapsed().as_secs_f64(), agent.cpu_s()?);
    stage.dray(["advertisement", "change", &order, "--mandatory"])?;
    wait_for_run(stage, &order)?;
    let peak_mb = mb(agent.status("VmHWM")?);
    stage.dray(["advertisement", "delete", &order])?;
    Ok(Download { cpu_s: after_download - cpu_before, wall_s, check_cpu_s: agent.cpu_s()? - after_download, peak_mb })
}

/// Waits for the one agent that is up: those before it have ended, and have nothing to say to this order.
fn wait_for_run(stage: &Stage, order: &str) -> anyhow::Result<()> {
    until("the program to have run", || {
        let devices = stage.dray(["advertisement", "devices", order])?;
        let states: Vec<&Value> = devices.as_array().into_iter().flatten().map(|row| &row["standing"]).collect();
        if let Some(failed) = states.iter().find(|standing| standing["state"] == "failed") {
            bail!("the run failed: {failed}");
        }
        Ok(states.iter().any(|standing| standing["state"] == "succeeded"))
    })
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn mb(kilobytes: u64) -> f64 {
    kilobytes as f64 * 1024.0 / 1e6
}

/// Half of each file is noise and half is text-like, so that chunks compress about as programs do.
fn make_source(folder: &Path) -> anyhow::Result<()> {
    let mut noise = Noise::new();
    let mut bytes = vec![0_u8; SIZE_BYTES / FILES];
    for number in 0..FILES {
        let folder = folder.join(format!("folder-{:03}", number / FILES_IN_A_FOLDER));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let (random, text) = bytes.split_at_mut(SIZE_BYTES / FILES / 2);
        noise.fill(random);
        for part in text.chunks_mut(8) {
            let word = format!("{:08} ", noise.next() % 5000);
            part.copy_from_slice(&word.as_bytes()[..part.len()]);
        }
        fs::write(folder.join(format!("file-{number:05}.bin")), &bytes)?;
    }
    Ok(())
}
