//! What a cold build of the demo costs: processor seconds of everything that cargo starts, and the crates that take most of them.
//!
//! Cargo is given this program as its wrapper around rustc ([`wrap`]), which notes what each crate took. What is left of the whole is C
//! code and build scripts. The folder that is built in is a new one and goes again, so a measurement needs some gigabytes and minutes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, ExitCode};

use anyhow::Context;
use wait4::Wait4;

use super::metered::metered;
use super::report::{Figure, Report};
use crate::process::{cargo, target_folder};

/// The limit of the whole, in seconds of two cores of a virtual machine.
const CPU_S_MAX: f64 = 650.0;
/// Crates that are shown.
const SHOWN: usize = 15;
/// Where the wrapper notes what it saw.
const LOG: &str = "DRAY_RUSTC_LOG";

pub(crate) fn measure() -> anyhow::Result<Report> {
    fs::create_dir_all(target_folder())?;
    let folder = tempfile::Builder::new().prefix("bench-build-").tempdir_in(target_folder())?;
    let log = folder.path().join("rustc.log");
    let mut build = cargo();
    build
        .args(["build", "--release", "--package", "dray"])
        .env("CARGO_TARGET_DIR", folder.path())
        .env("RUSTC_WRAPPER", std::env::current_exe()?)
        .env(LOG, &log);
    let cpu_s = metered(&mut build)?.cpu_s;
    let noted = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let crates = crates(&noted);
    let rustc_s: f64 = crates.iter().map(|(_, cpu_s)| cpu_s).sum();
    let mut figures = vec![
        Figure::at_most("cold release build, CPU", cpu_s, CPU_S_MAX, "s"),
        Figure::told("C code and build scripts", cpu_s - rustc_s, "s"),
    ];
    figures.extend(crates.into_iter().take(SHOWN).map(|(name, cpu_s)| Figure::told(name, cpu_s, "s")));
    Ok(Report::new("build", figures))
}

/// The crates of a log with their processor seconds, the heaviest first.
fn crates(log: &str) -> Vec<(String, f64)> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for line in log.lines() {
        if let Some((name, cpu_s)) = line.split_once(' ')
            && let Ok(cpu_s) = cpu_s.parse::<f64>()
        {
            *sums.entry(name).or_default() += cpu_s;
        }
    }
    let mut crates: Vec<_> = sums.into_iter().map(|(name, cpu_s)| (name.to_owned(), cpu_s)).collect();
    crates.sort_by(|a, b| b.1.total_cmp(&a.1));
    crates
}

/// Runs rustc and notes what it took, if this process is cargo's wrapper around it.
pub(crate) fn wrap() -> Option<ExitCode> {
    let log = std::env::var_os(LOG)?;
    let mut words = std::env::args_os().skip(1);
    let rustc = words.next()?;
    let words: Vec<OsString> = words.collect();
    let name = words.iter().skip_while(|word| *word != "--crate-name").nth(1);
    let name = name.map_or_else(|| "rustc".to_owned(), |name| name.to_string_lossy().into_owned());
    let ended = Command::new(rustc).args(words).spawn().and_then(Wait4::wait4);
    let Ok(used) = ended else { return Some(ExitCode::FAILURE) };
    let cpu_s = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    // One write, so that the lines of processes side by side stay whole.
    let line = format!("{name} {cpu_s:.3}\n");
    let noted = File::options().create(true).append(true).open(log).and_then(|mut log| log.write_all(line.as_bytes()));
    let code = used.status.code().and_then(|code| u8::try_from(code).ok());
    Some(if noted.is_ok() { code.map_or(ExitCode::FAILURE, ExitCode::from) } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_compiled_twice_counts_twice() {
        let log = "build_script_build 1.5\nsyn 3.0\nbuild_script_build 2.5\n___ 0.1\n";
        let names: Vec<_> = crates(log).into_iter().map(|(name, cpu_s)| format!("{name} {cpu_s}")).collect();
        assert_eq!(names, ["build_script_build 4", "syn 3", "___ 0.1"]);
    }
}
