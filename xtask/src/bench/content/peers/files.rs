//! Peers that turn one file into another: `zstd --patch-from`, xdelta3, bsdiff.

use std::process::Command;

use super::super::super::metered::{Metered, metered};
use super::super::same::same;
use super::{Work, size};

/// The memory that xdelta3 may look back in, at least.
const XDELTA_WINDOW_MIN: u64 = 1 << 26;

/// One frame with the old file as its prefix.
pub(super) fn patch_from(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (patch, made) = (work.path("patch"), work.path("made"));
    let mut old = std::ffi::OsString::from("--patch-from=");
    old.push(&work.old);
    let prepare = metered(
        Command::new("zstd").args(["-3", "--long=31", "-T1", "-qf"]).arg(&old).arg(&work.new).arg("-o").arg(&patch),
    )?;
    let apply =
        metered(Command::new("zstd").args(["-d", "--long=31", "-qf"]).arg(&old).arg(&patch).arg("-o").arg(&made))?;
    same(&work.new, &made)?;
    Ok((size(&patch)?, prepare, apply))
}

/// With its own secondary compression, and memory for the whole old file.
pub(super) fn xdelta(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (patch, made) = (work.path("patch"), work.path("made"));
    let window = size(&work.old)?.next_power_of_two().max(XDELTA_WINDOW_MIN).to_string();
    let prepare = metered(
        Command::new("xdelta3")
            .args(["-e", "-9", "-D", "-S", "lzma", "-B", &window, "-fqs"])
            .args([&work.old, &work.new, &patch]),
    )?;
    let apply =
        metered(Command::new("xdelta3").args(["-d", "-D", "-B", &window, "-fqs"]).args([&work.old, &patch, &made]))?;
    same(&work.new, &made)?;
    Ok((size(&patch)?, prepare, apply))
}

pub(super) fn bsdiff(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (patch, made) = (work.path("patch"), work.path("made"));
    let prepare = metered(Command::new("bsdiff").args([&work.old, &work.new, &patch]))?;
    let apply = metered(Command::new("bspatch").args([&work.old, &made, &patch]))?;
    same(&work.new, &made)?;
    Ok((size(&patch)?, prepare, apply))
}
