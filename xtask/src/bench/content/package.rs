//! A package of 1 GB in 10 000 files: what its ingest costs the site server, and its first download an agent.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::bench::fleet::{Fleet, until};
use crate::bench::report::{Figure, Report};

const FILES: usize = 10_000;
const SIZE_BYTES: usize = 1_000_000_000;
const FILES_IN_A_FOLDER: usize = 100;

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
pub(crate) fn measure() -> anyhow::Result<Report> {
    let fleet = Fleet::start()?;
    let source = fleet.folder().join("source");
    make_source(&source)?;

    let (cpu_before, start) = (fleet.site().cpu_s()?, Instant::now());
    fleet.dray([
        "package".as_ref(),
        "create".as_ref(),
        "large".as_ref(),
        "--source".as_ref(),
        source.as_os_str(),
        "--program".as_ref(),
        "check=/bin/true".as_ref(),
        "--wait".as_ref(),
    ])?;
    let (ingest_s, ingest_cpu_s) = (start.elapsed().as_secs_f64(), fleet.site().cpu_s()? - cpu_before);
    let ingest_peak_kb = fleet.site().status("VmHWM")?;

    let agent = fleet.enrol_agent("agent")?;
    fleet.dray(["collection", "create", "fleet", "--all"])?;
    let (cpu_before, start) = (agent.cpu_s()?, Instant::now());
    let order = ["--package", "large", "--program", "check", "--collection", "fleet", "--mandatory"];
    fleet.dray(["advertisement", "create", "large"].into_iter().chain(order))?;
    until("the agent to have the package", || {
        let devices = fleet.dray(["advertisement", "devices", "large"])?;
        match devices[0]["standing"]["state"].as_str() {
            Some("failed") => bail!("the download failed: {}", devices[0]["standing"]),
            state => Ok(state == Some("succeeded")),
        }
    })?;
    let (download_s, download_cpu_s) = (start.elapsed().as_secs_f64(), agent.cpu_s()? - cpu_before);
    let gigabytes = SIZE_BYTES as f64 / 1e9;

    Ok(Report::new(
        "content",
        vec![
            Figure::at_most("ingest, site server resident at its peak", mb(ingest_peak_kb), 200.0, "MB"),
            Figure::told("ingest, CPU", ingest_cpu_s / gigabytes, "s/GB"),
            Figure::told("ingest, wall", ingest_s, "s"),
            Figure::at_most("first download, agent resident at its peak", mb(agent.status("VmHWM")?), 200.0, "MB"),
            Figure::told("first download and check, agent CPU", download_cpu_s / gigabytes, "s/GB"),
            Figure::told("first download, check and run, wall", download_s, "s"),
        ],
    ))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn mb(kilobytes: u64) -> f64 {
    kilobytes as f64 * 1024.0 / 1e6
}

/// Half of each file is noise and half is text-like, so that chunks compress about as programs do.
fn make_source(folder: &Path) -> anyhow::Result<()> {
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    let mut bytes = vec![0_u8; SIZE_BYTES / FILES];
    for number in 0..FILES {
        let folder = folder.join(format!("folder-{:03}", number / FILES_IN_A_FOLDER));
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        let (random, text) = bytes.split_at_mut(SIZE_BYTES / FILES / 2);
        for part in random.chunks_mut(8) {
            part.copy_from_slice(&noise.next().to_le_bytes()[..part.len()]);
        }
        for part in text.chunks_mut(8) {
            let word = format!("{:08} ", noise.next() % 5000);
            part.copy_from_slice(&word.as_bytes()[..part.len()]);
        }
        fs::write(folder.join(format!("file-{number:05}.bin")), &bytes)?;
    }
    Ok(())
}

/// Numbers that look random and are the same in each run (xorshift64, Marsaglia 2003).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
