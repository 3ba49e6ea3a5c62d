//! Peers that know folders: rsync, casync, ostree.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use super::super::super::metered::{Metered, metered};
use super::super::corpus::Form;
use super::super::same::same;
use super::{Work, size};
use crate::process::output;

/// Over a pipe in place of a network; its two ends can't be told apart, so all its processor time counts as the receiver's.
pub(super) fn rsync(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (made, shell) = (work.path("made"), work.path("shell"));
    fs::write(&shell, "#!/bin/sh\nshift\nexec \"$@\"\n")?;
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o755))?;
    metered(Command::new("cp").arg("-a").arg(&work.pair.old).arg(&made))?;
    let mut command = Command::new("rsync");
    command.args(["-a", "--delete", "--no-whole-file", "--stats", "-z", "--zc=zstd", "--zl=3"]);
    if work.pair.form() == Form::Archive {
        // Two archives may have the same size and time.
        command.arg("--ignore-times");
    }
    let from = format!("h:{}/", work.pair.new.display());
    let apply = metered(command.arg("-e").arg(&shell).arg(from).arg(&made))?;
    same(&work.pair.new, &made)?;
    let bytes = rsync_total(&apply.stdout, "Total bytes sent")? + rsync_total(&apply.stdout, "Total bytes received")?;
    Ok((bytes, Metered::default(), apply))
}

fn rsync_total(stats: &str, label: &str) -> anyhow::Result<u64> {
    let number = stats.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(": "));
    let number = number.with_context(|| format!("rsync told no {label}"))?;
    Ok(number.replace(',', "").trim().parse()?)
}

/// The index and the chunks that the old version lacks, as they lie in the store.
pub(super) fn casync(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (store, index, made) = (work.path("store"), work.path("new.caidx"), work.path("made"));
    let make = |store: &Path, index: &Path, folder: &Path| {
        metered(Command::new("casync").arg("make").arg(option("--store=", store)).arg(index).arg(folder))
    };
    let prepare = make(&store, &index, &work.pair.new)?;
    make(&work.path("old-store"), &work.path("old.caidx"), &work.pair.old)?;
    let held: HashSet<String> = chunk_names(&fs::read(work.path("old.caidx"))?)?.into_iter().collect();
    let mut bytes = size(&index)?;
    let mut counted = HashSet::new();
    for name in chunk_names(&fs::read(&index)?)? {
        if !held.contains(&name) && counted.insert(name.clone()) {
            bytes += size(&store.join(&name[..4]).join(format!("{name}.cacnk")))?;
        }
    }
    let apply = metered(
        Command::new("casync")
            .arg("extract")
            .arg(option("--store=", &store))
            .arg(option("--seed=", &work.pair.old))
            .args([&index, &made]),
    )?;
    same(&work.pair.new, &made)?;
    Ok((bytes, prepare, apply))
}

/// The names of the chunks that a casync index lists: after its header (48 bytes) and the table's (16) an entry of 40 bytes for
/// each, where it ends and its digest, until an entry ends nowhere.
fn chunk_names(index: &[u8]) -> anyhow::Result<Vec<String>> {
    let table = index.get(64..).context("the index of casync is too short")?;
    let entries = table.chunks_exact(40).take_while(|entry| entry[..8] != [0; 8]);
    let names: Vec<_> = entries.map(|entry| entry[8..].iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    if names.is_empty() {
        bail!("the index of casync lists no chunk");
    }
    Ok(names)
}

/// A static delta with bsdiff for every file.
pub(super) fn ostree(work: &Work<'_>) -> anyhow::Result<(u64, Metered, Metered)> {
    let (repository, client) = (option("--repo=", &work.path("server")), option("--repo=", &work.path("client")));
    let (delta, made) = (work.path("delta"), work.path("made"));
    metered(Command::new("ostree").args(["init", "--mode=archive"]).arg(&repository))?;
    let commit = |branch: &str, folder: &Path| {
        let settings = ["--owner-uid=0", "--owner-gid=0", "--no-xattrs", "-b", branch];
        metered(
            Command::new("ostree").arg("commit").arg(&repository).args(settings).arg(option("--tree=dir=", folder)),
        )?;
        let revision = output(Command::new("ostree").arg("rev-parse").arg(&repository).arg(branch))?;
        anyhow::Ok(revision.trim().to_owned())
    };
    let (old, new) = (commit("old", &work.pair.old)?, commit("new", &work.pair.new)?);
    let prepare = metered(
        Command::new("ostree")
            .args(["static-delta", "generate", "--inline", "--min-fallback-size=0", "--max-bsdiff-size=512"])
            .arg(&repository)
            .args([format!("--from={old}"), format!("--to={new}")])
            .arg(option("--filename=", &delta)),
    )?;
    metered(Command::new("ostree").args(["init", "--mode=bare-user"]).arg(&client))?;
    metered(Command::new("ostree").arg("pull-local").arg(&client).arg(work.path("server")).arg(&old))?;
    let apply = metered(Command::new("ostree").args(["static-delta", "apply-offline"]).arg(&client).arg(&delta))?;
    let checkout = metered(Command::new("ostree").args(["checkout", "-U"]).arg(&client).arg(&new).arg(&made))?;
    same(&work.pair.new, &made)?;
    Ok((size(&delta)?, prepare, apply.and(&checkout)))
}

/// `--name=PATH`.
fn option(name: &str, path: &Path) -> std::ffi::OsString {
    let mut option = std::ffi::OsString::from(name);
    option.push(path);
    option
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_casync_index_is_read_to_the_end_of_its_table() {
        let mut index = vec![0; 64];
        for (end, byte) in [(100u64, 0xab), (200, 0x01), (0, 0xff)] {
            index.extend_from_slice(&end.to_le_bytes());
            index.extend_from_slice(&[byte; 32]);
        }
        assert_eq!(chunk_names(&index).unwrap(), ["ab".repeat(32), "01".repeat(32)]);
        assert!(chunk_names(&[0; 104]).is_err());
        assert!(chunk_names(&[0; 10]).is_err());
    }

    #[test]
    fn totals_of_rsync_are_read_with_their_commas() {
        let stats = "Number of files: 3\nTotal bytes sent: 1,234\nTotal bytes received: 5,678,901\n";
        assert_eq!(rsync_total(stats, "Total bytes received").unwrap(), 5_678_901);
        assert!(rsync_total(stats, "Total bytes lost").is_err());
    }
}
