//! A process of a benchmark, and what the kernel counts of it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// A process that ends with its value.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `command` with its output in `NAME.log`.
    pub(crate) fn start(command: &mut Command, folder: &Path, name: &str) -> anyhow::Result<Self> {
        let log = std::fs::File::create(folder.join(format!("{name}.log")))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self(child))
    }

    /// A line of `/proc/PID/status`, in its own unit: kB for memory.
    pub(crate) fn status(&self, key: &str) -> anyhow::Result<u64> {
        status_line(&std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?, key)
    }

    /// How often the process's threads went to sleep by themselves so far; each wake-up ends in one.
    pub(crate) fn sleeps(&self) -> anyhow::Result<u64> {
        let mut sum = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            sum += status_line(&std::fs::read_to_string(task?.path().join("status"))?, "voluntary_ctxt_switches")?;
        }
        Ok(sum)
    }

    /// CPU time used so far, in seconds.
    pub(crate) fn cpu_s(&self) -> anyhow::Result<f64> {
        Ok(Times::of(self.0.id())?.own_s)
    }

    /// CPU time used so far by the process and all that it started, in seconds.
    pub(crate) fn family_cpu_s(&self) -> anyhow::Result<f64> {
        let parent = Times::of(self.0.id())?;
        let mut sum = parent.own_s + parent.ended_children_s;
        for entry in std::fs::read_dir("/proc")? {
            let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            // A process may end while we look; its parent has its time then, from the next look on.
            if let Ok(child) = Times::of(id)
                && child.parent == self.0.id()
            {
                sum += child.own_s;
            }
        }
        Ok(sum)
    }
}

/// What `/proc/PID/stat` says of times.
struct Times {
    parent: u32,
    own_s: f64,
    /// Of those children that ended and were waited for.
    ended_children_s: f64,
}

impl Times {
    fn of(id: u32) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{id}/stat"))?)
    }

    /// Fields are numbered by proc(5), and the third comes after the name: 4 is the parent, 14 to 17 are utime, stime, cutime and
    /// cstime in ticks of 10 ms.
    fn parse(stat: &str) -> anyhow::Result<Self> {
        let after_name = stat.rsplit_once(") ").context("/proc/PID/stat has no program name")?.1;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let field = |number: usize| -> anyhow::Result<u32> {
            Ok(fields.get(number - 3).with_context(|| format!("/proc/PID/stat has no field {number}"))?.parse()?)
        };
        let seconds = |user: usize| Ok::<_, anyhow::Error>(f64::from(field(user)? + field(user + 1)?) / 100.0);
        Ok(Self { parent: field(4)?, own_s: seconds(14)?, ended_children_s: seconds(16)? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status_line(status: &str, key: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).with_context(|| format!("no {key} in status"))?;
    Ok(number.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_found_by_its_whole_name() {
        let status = "VmHWM:\t  7340 kB\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(status_line(status, "VmHWM").unwrap(), 7340);
        assert_eq!(status_line(status, "voluntary_ctxt_switches").unwrap(), 12);
        assert!(status_line(status, "VmRSS").is_err());
    }
    #[test]
    fn times_are_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194304 100 0 0 0 120 30 5 6 20 0 1 0 100 1000 10";
        let times = Times::parse(stat).unwrap();
        assert_eq!((times.parent, times.own_s, times.ended_children_s), (3, 1.5, 0.11));
    }
}
