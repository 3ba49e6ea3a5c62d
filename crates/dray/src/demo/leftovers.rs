//! Ends the programs that agents of the demonstration still run when it ends.
//!
//! An agent's runner outlives its agent by design. Here it must not: runners are known by the folder in their command line, and
//! the programs are what descends from them. Only Linux tells who descends from whom in a way that needs no library.

use std::collections::BTreeSet;
use std::path::Path;

/// Rounds of ending: a program that starts others while it is ended is caught in a later one.
const ROUNDS: usize = 20;

/// Ends every runner below `folder` with all that descends from it.
pub(super) fn end_programs(folder: &Path) {
    for _ in 0..ROUNDS {
        let found = with_descendants(&runners(folder));
        if found.is_empty() {
            return;
        }
        for pid in found {
            end(pid);
        }
    }
}

/// Process ids of the runners with folders below `folder`.
fn runners(folder: &Path) -> BTreeSet<i32> {
    let is_runner = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<_> = line.split(|byte| *byte == 0).collect();
        matches!(words.as_slice(), [_, b"agent", b"runner", run, ..]
            if std::str::from_utf8(run).is_ok_and(|run| Path::new(run).starts_with(folder)))
    };
    processes().filter(is_runner).collect()
}

fn with_descendants(roots: &BTreeSet<i32>) -> BTreeSet<i32> {
    let parents: Vec<_> = processes().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = roots.clone();
    loop {
        let before = found.len();
        found.extend(
            parents.iter().filter(|(_, parent)| found.contains(parent)).map(|(pid, _)| *pid).collect::<Vec<_>>(),
        );
        if found.len() == before {
            return found;
        }
    }
}

fn processes() -> impl Iterator<Item = i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The parent, from the fourth field of `stat`; the second is in parentheses and may hold anything.
fn parent(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(unix)]
fn end(pid: i32) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // It may have ended meanwhile.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(_pid: i32) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_and_others_are_not() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(with_descendants(&BTreeSet::from([me])).contains(&pid));
        assert_eq!(with_descendants(&BTreeSet::from([pid])), BTreeSet::from([pid]));
        assert!(runners(Path::new("/nowhere")).is_empty());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
