//! Packages that rpm installed: asked of `rpm` itself, because its database has no text form.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use dray_model::class;
use dray_model::facts::Table;

use super::{Limits, clean};
use crate::platform::SEARCH_PATH;

/// The installed packages; `None` where there is no rpm or it does not answer in time.
pub(super) fn installed(limits: &Limits) -> Option<Table> {
    let text = ask("rpm", &["-qa", "--qf", r"%{NAME}\t%{VERSION}-%{RELEASE}\n"], limits)?;
    Some(super::software(parse(&text, limits)))
}

/// What a program prints within its limits of bytes and time; it is ended when it takes longer.
fn ask(program: &str, arguments: &[&str], limits: &Limits) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", SEARCH_PATH).env("LC_ALL", "C");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let output = child.stdout.take()?;
    let (sender, received) = channel();
    let bytes_max = limits.rpm_bytes;
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = output.take(bytes_max).read_to_end(&mut bytes);
        // Nobody waits any more when the time is over.
        let _ = sender.send(read.map(|_| bytes));
    });
    let bytes = received.recv_timeout(Duration::from_secs(limits.rpm_time_s));
    // It has printed all that we want; a program that ended already is only collected.
    let _ = child.kill();
    let _ = child.wait();
    Some(String::from_utf8_lossy(&bytes.ok()?.ok()?).into_owned())
}

/// Names and versions.
fn parse(text: &str, limits: &Limits) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(name, _)| *name != "gpg-pubkey")
        .take(class!("software").info().rows_max)
        .map(|(name, version)| (clean(name, limits), clean(version, limits)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_keys_left_out() {
        let text = "zlib\t1.2.11-40.el9\ngpg-pubkey\tfd431d51-4ae0493b\nbash\t5.1.8-9.el9\nbroken\n";
        let rows = parse(text, &Limits::default());
        let names: Vec<_> = rows.iter().map(|(name, version)| format!("{name} {version}")).collect();
        assert_eq!(names, ["zlib 1.2.11-40.el9", "bash 5.1.8-9.el9"]);
    }

    #[test]
    fn a_program_that_never_ends_or_floods_costs_its_limit_only() {
        let limits = Limits { rpm_bytes: 1000, rpm_time_s: 1, ..Limits::default() };
        assert_eq!(ask("yes", &[], &limits).unwrap().len(), 1000);
        assert_eq!(ask("sleep", &["100"], &limits), None);
        assert_eq!(ask("no-such-program", &[], &limits), None);
    }
}
