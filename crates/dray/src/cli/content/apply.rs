//! `dray content apply`: makes the tree of a content from a store and from what is held, as a client would.
//!
//! Everything is verified: held files before they are used, what the store gives before it is kept, the tree before it gets its
//! name. What a killed attempt left beside the target is used by the next.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use dray_content::Manifest;
use dray_content::assemble::{AssembleError, Assembly, Outcome as Assembled};
use dray_content::identify::identify;
use dray_content::plan::{FetchOptions, HeldTreeId, plan};
use dray_model::Digest;
use serde::Serialize;

use super::cost::{Cost, Way};
use super::progress::Work;
use super::store::{FolderStore, StoreOption};
use super::wire::Wire;
use crate::error::{Exit, Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes};

/// Arguments of `content apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The content digest, as `dray content ingest` told it
    content: Digest,
    /// The folder to make
    target: PathBuf,
    #[command(flatten)]
    store: StoreOption,
    /// A folder that holds another version, or anything alike; may be given several times
    #[arg(long, value_name = "FOLDER")]
    have: Vec<PathBuf>,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Applied {
    content: Digest,
    target: PathBuf,
    way: Way,
    size_bytes: u64,
    copied_bytes: u64,
    reused_bytes: u64,
    fetched: Cost,
}

/// A folder that is held.
struct Held {
    folder: PathBuf,
    manifest: Manifest,
}

impl Apply {
    pub(super) fn run(self, output: Output) -> Outcome {
        let store = self.store.open()?;
        if self.target.symlink_metadata().is_ok() {
            return Err(failure(&AssembleError::DestinationExists(self.target)));
        }
        let name = store.find_manifest(&self.content)?.ok_or_else(|| {
            Failure::not_found(format!("the store holds no content {}", self.content))
                .hint("dray content ingest tells the digest of what it puts into a store")
        })?;
        let held = self.have.into_iter().map(|folder| hold(&store, folder)).collect::<Outcome<Vec<_>>>()?;
        let mut wire = Wire::new(&store);
        let manifest = Manifest::decode(&wire.manifest(&name)?, &self.content, store.limits());
        let want = Arc::new(manifest.map_err(|error| store.damaged(&name, &error))?);
        let applied = build(&want, &held, &self.target, &mut wire, &Work::new(output, "building"));
        output.show(&applied.map_err(|failure| failure.during(&format!("can't make {}", self.target.display())))?)
    }
}

/// Finds out which tree a folder is. When the store knows it, chunks inside its files are found too.
fn hold(store: &FolderStore, folder: PathBuf) -> Outcome<Held> {
    let tree = identify(&folder, store.limits())
        .map_err(|error| Failure::failed(format!("can't use what {} holds", folder.display())).because(&error))?;
    let content = tree.digest();
    let manifest = match store.find_manifest(&content)? {
        Some(name) => store.manifest(&name, &content)?,
        None => {
            Manifest::new(tree, &[], &[], Vec::new()).expect("a manifest without recipes has nothing to contradict")
        }
    };
    Ok(Held { folder, manifest })
}

fn build(want: &Arc<Manifest>, held: &[Held], target: &Path, wire: &mut Wire<'_>, progress: &Work) -> Outcome<Applied> {
    let id = |held: &Held| HeldTreeId(held.manifest.tree().digest());
    let have: Vec<_> = held.iter().map(|held| (id(held), &held.manifest)).collect();
    let plan = plan(want, &have, FetchOptions::default())
        .map_err(|error| Failure::failed("no plan can be made").because(&error))?;
    let totals = plan.totals;
    dray_content::Progress::total(progress, 0, totals.copied_bytes + totals.reused_bytes + totals.fetch_bytes);
    let roots: BTreeMap<_, _> = held.iter().map(|held| (id(held), held.folder.clone())).collect();
    let mut assembly = Assembly::open(&staging(target)?, plan, roots).map_err(|error| failure(&error))?;
    loop {
        match assembly.finish(target, progress).map_err(|error| failure(&error))? {
            Assembled::Done => break,
            Assembled::Lost(contents) => {
                let damaged = format!("{} files can't be made: what is held of them is damaged", contents.len());
                return Err(Failure::failed(damaged).hint("leave out --have, or name a folder that is whole"));
            }
            Assembled::Missing(ranges) => {
                for range in ranges {
                    assembly.accept(&range, &wire.range(&range)?).map_err(|error| failure(&error))?;
                    dray_content::Progress::advance(progress, 0, range.length);
                }
            }
        }
    }
    Ok(Applied {
        content: want.tree().digest(),
        target: target.to_owned(),
        way: if have.is_empty() { Way::Whole } else { Way::Chunks },
        size_bytes: totals.whole_bytes,
        copied_bytes: totals.copied_bytes,
        reused_bytes: totals.reused_bytes,
        fetched: wire.fetched(),
    })
}

/// Beside the target: on the same file system, and found again by the next attempt.
fn staging(target: &Path) -> Outcome<PathBuf> {
    let name = target.file_name().ok_or_else(|| Failure::usage(format!("{} names no folder", target.display())))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".partial");
    Ok(target.with_file_name(hidden))
}

fn failure(error: &AssembleError) -> Failure {
    match error {
        AssembleError::DestinationExists(_) => {
            Failure::new(Exit::Conflict, error.to_string()).hint("give a folder that is not there yet")
        }
        AssembleError::Corrupt { .. } => Failure::failed(error.to_string()).hint("the store is damaged; make it anew"),
        _ => Failure::failed("the content can't be built").because(error),
    }
}

impl Shown for Applied {
    fn fields(&self) -> Fields {
        vec![
            ("content", self.content.to_string()),
            ("folder", self.target.display().to_string()),
            ("size", bytes(self.size_bytes)),
            ("way", self.way.word().to_owned()),
            ("copied", bytes(self.copied_bytes)),
            ("reused", bytes(self.reused_bytes)),
            ("fetched", self.fetched.words()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staging_lies_beside_the_target() {
        assert_eq!(staging(Path::new("/srv/new")).unwrap(), Path::new("/srv/.new.partial"));
        assert!(staging(Path::new("/")).is_err());
    }
}
