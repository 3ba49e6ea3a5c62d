//! The peers: what other tools send for the same pair, measured in the same run.
//!
//! A tool that is not installed is named and left out; nothing is installed. Every result is compared with the new version before
//! it counts. To add a peer: a function in one of the files below and its row in [`PEERS`].

mod files;
mod stores;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::metered::{Metered, metered};
use super::corpus::{ARCHIVE, Form, Pair};
use super::tools::find;

/// What a peer sent.
pub(super) struct Sent {
    pub(super) name: &'static str,
    /// Everything that crossed the wire, in both directions.
    pub(super) bytes: u64,
    /// At the sender, as far as it can be told apart.
    pub(super) prepare: Metered,
    /// At the receiver.
    pub(super) apply: Metered,
}

/// A pair as the peers take it.
struct Work<'a> {
    pair: &'a Pair,
    /// Each version as one file: the archive, or the tree as a tar.
    old: PathBuf,
    new: PathBuf,
    /// An empty folder.
    scratch: PathBuf,
}

struct Peer {
    name: &'static str,
    programs: &'static [&'static str],
    /// It knows folders of files only as folders, and one large file is nothing for it.
    trees_only: bool,
    measure: fn(&Work<'_>) -> anyhow::Result<(u64, Metered, Metered)>,
}

/// The slowest last.
const PEERS: [Peer; 6] = [
    Peer { name: "rsync", programs: &["rsync"], trees_only: false, measure: stores::rsync },
    Peer { name: "zstd --patch-from", programs: &["zstd"], trees_only: false, measure: files::patch_from },
    Peer { name: "casync", programs: &["casync"], trees_only: false, measure: stores::casync },
    Peer { name: "xdelta3", programs: &["xdelta3"], trees_only: false, measure: files::xdelta },
    Peer { name: "ostree", programs: &["ostree"], trees_only: true, measure: stores::ostree },
    Peer { name: "bsdiff", programs: &["bsdiff", "bspatch"], trees_only: false, measure: files::bsdiff },
];

/// What each installed peer sends for `pair`.
pub(super) fn measure(pair: &Pair, scratch: &Path) -> anyhow::Result<Vec<Sent>> {
    let (old, new) = (one_file(pair, &pair.old, scratch, "old")?, one_file(pair, &pair.new, scratch, "new")?);
    let mut sent = Vec::new();
    for peer in PEERS.iter().filter(|peer| !peer.trees_only || pair.form() == Form::Tree) {
        if let Some(missing) = peer.programs.iter().find(|program| find(program).is_none()) {
            eprintln!("{} is left out: there is no {missing} here", peer.name);
            continue;
        }
        let scratch = tempfile::Builder::new().prefix("peer-").tempdir_in(scratch)?;
        let work = Work { pair, old: old.clone(), new: new.clone(), scratch: scratch.path().to_owned() };
        match (peer.measure)(&work) {
            Ok((bytes, prepare, apply)) => sent.push(Sent { name: peer.name, bytes, prepare, apply }),
            Err(error) => eprintln!("{} is left out for {}: {error:#}", peer.name, pair.name()),
        }
    }
    Ok(sent)
}

/// A version as one file.
fn one_file(pair: &Pair, version: &Path, scratch: &Path, name: &str) -> anyhow::Result<PathBuf> {
    if pair.form() == Form::Archive {
        return Ok(version.join(ARCHIVE));
    }
    let tar = scratch.join(format!("{name}.tar"));
    let settings = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
    metered(Command::new("tar").args(settings).arg("-cf").arg(&tar).arg("-C").arg(version).arg("."))?;
    Ok(tar)
}

impl Work<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }
}

/// The length of a file.
fn size(path: &Path) -> anyhow::Result<u64> {
    Ok(fs::metadata(path)?.len())
}
