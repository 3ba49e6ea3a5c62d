//! Running one program and metering it: processor time and peak memory as the kernel counted them for that process.
//!
//! The figures hold the children that the program waited for. The peak is never below our own at the time of the start, so this
//! program stays small.

use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use wait4::Wait4 as _;

use crate::process::shown;

/// Rounds of what is short and of which a ratio is wanted.
const ROUNDS: usize = 4;

/// What a program took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Metered {
    /// User and system time, in seconds.
    pub(crate) cpu_s: f64,
    /// Most memory that was resident, in bytes.
    pub(crate) peak_bytes: u64,
    /// What it printed to its standard output.
    pub(crate) stdout: String,
}

impl Metered {
    /// What two programs took that run one after the other.
    pub(crate) fn and(self, other: &Self) -> Self {
        let peak_bytes = self.peak_bytes.max(other.peak_bytes);
        Self { cpu_s: self.cpu_s + other.cpu_s, peak_bytes, stdout: self.stdout }
    }
}

/// Runs `command` to its end; anything but exit code 0 is an error that holds what it said.
pub(crate) fn metered(command: &mut Command) -> anyhow::Result<Metered> {
    let shown = shown(command);
    let (mut stdout, mut stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot start {shown}"))?;
    let used = child.wait4().with_context(|| format!("cannot wait for {shown}"))?;
    if !used.status.success() {
        let mut said = Vec::new();
        stderr.rewind()?;
        stderr.read_to_end(&mut said)?;
        bail!("{shown} ended with {}\n{}", used.status, String::from_utf8_lossy(&said).trim_end());
    }
    let mut printed = String::new();
    stdout.rewind()?;
    stdout.read_to_string(&mut printed).with_context(|| format!("{shown} printed something that is not UTF-8"))?;
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Metered { cpu_s: cpu.as_secs_f64(), peak_bytes: used.rusage.maxrss, stdout: printed })
}

/// What the round took that took the least of several: what else the machine does only ever adds.
pub(crate) fn least(mut round: impl FnMut() -> anyhow::Result<Metered>) -> anyhow::Result<Metered> {
    let mut least = round()?;
    for _ in 1..ROUNDS {
        let next = round()?;
        if next.cpu_s < least.cpu_s {
            least = next;
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_printed_and_took_is_told() {
        let used = metered(Command::new("cargo").arg("--version")).unwrap();
        assert!(used.stdout.starts_with("cargo ") && used.peak_bytes > 0, "{used:?}");
    }

    #[test]
    fn a_failure_holds_what_the_program_said() {
        let error = metered(Command::new("cargo").arg("no-such-command")).unwrap_err().to_string();
        assert!(error.contains("no-such-command") && error.contains("ended with"), "{error}");
    }
}
