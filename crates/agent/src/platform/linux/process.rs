//! Process trees: a watcher is the parent that orphans below it fall to, so no descendant can hide, not even one with a
//! session of its own.

use std::collections::HashMap;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper, setsid, wait,
};

use crate::platform::Stop;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// A process found in `/proc`; `started` tells it from a later one with the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pid: Pid,
    parent: Option<Pid>,
    started: u64,
}

/// Makes this process one that outlives its parent (its own session) and inherits the orphans of its descendants.
///
/// # Errors
/// The system can't make a process inherit orphans.
pub(crate) fn become_watcher() -> io::Result<()> {
    match setsid() {
        // Already the leader of a group: then nobody can stop it by our parent's group either.
        Ok(_) | Err(Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Lets a program be the leader of a process group, so that a signal to the agent's or runner's group is not for it, and
/// see `name` as its own.
pub(crate) fn lead_group(command: &mut Command, name: &str) {
    command.process_group(0).arg0(name);
}

/// Waits until any child ends, and says which and how; `None` when there is no child left.
///
/// # Errors
/// The system call failed in a way that it does not document.
pub(crate) fn wait_any() -> io::Result<Option<(u32, Ended)>> {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) => {
                let pid = pid.as_raw_nonzero().get().unsigned_abs();
                match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => return Ok(Some((pid, Ended::Exit(code)))),
                    (None, Some(signal)) => return Ok(Some((pid, Ended::Signal(signal)))),
                    (None, None) => {} // stopped or continued
                }
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(Errno::CHILD) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Every living process below this one.
///
/// # Errors
/// `/proc` can't be read.
pub(crate) fn descendants() -> io::Result<Vec<Process>> {
    let mut children: HashMap<Pid, Vec<Process>> = HashMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else { continue };
        // A process may end while we look.
        let Some(process) = look_at(pid) else { continue };
        if let Some(parent) = process.parent {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = children.remove(&getpid()).unwrap_or_default();
    let mut next = 0;
    while next < found.len() {
        let below = children.remove(&found[next].pid).unwrap_or_default();
        found.extend(below);
        next += 1;
    }
    Ok(found)
}

/// Signals every process below this one.
///
/// # Errors
/// `/proc` can't be read.
pub(crate) fn signal_tree(stop: Stop) -> io::Result<()> {
    let signal = match stop {
        Stop::Ask => Signal::TERM,
        Stop::Force => Signal::KILL,
    };
    for process in descendants()? {
        signal_one(process, signal);
    }
    Ok(())
}

/// Signals the very process that was found, not a later one with its number. One that has ended needs no signal.
fn signal_one(process: Process, signal: Signal) {
    let Ok(handle) = pidfd_open(process.pid, PidfdFlags::empty()) else { return };
    if look_at(process.pid).is_some_and(|now| now.started == process.started) {
        let _ = pidfd_send_signal(handle, signal);
    }
}

fn look_at(pid: Pid) -> Option<Process> {
    let text = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (state, parent, started) = parse_stat(&String::from_utf8_lossy(&text))?;
    // A zombie has ended and waits for its parent.
    (state != 'Z').then_some(Process { pid, parent: Pid::from_raw(parent), started })
}

/// State, parent and start time of a line of `/proc/<pid>/stat`. The name in parentheses may hold anything.
fn parse_stat(line: &str) -> Option<(char, i32, u64)> {
    let (_, rest) = line.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?; // field 22 of proc_pid_stat(5)
    Some((state, parent, started))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_hides_nothing() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 10";
        assert_eq!(parse_stat(line), Some(('S', 7, 98765)));
        assert_eq!(parse_stat("42 (cut"), None);
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let me = look_at(getpid()).unwrap();
        assert_eq!(me.pid, getpid());
        assert!(me.started > 0);
    }
}
