//! `dray content apply`: makes the tree of a content from a store and from what is held, as a client would.
//!
//! Everything is verified: held files before they are used, what the store gives before it is kept, the tree before it gets its
//! name. What a killed attempt left beside the target is used by the next. When a held folder turns out to be damaged, what an
//! update can't build comes in chunks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use dray_content::Progress as _;
use dray_content::assemble::{AssembleError, Assembly, Outcome as Assembled};
use dray_content::plan::{Plan, Totals};
use dray_content::store::FolderStore;
use dray_model::Digest;
use serde::Serialize;

use super::held::Held;
use super::progress::Work;
use super::store::StoreOption;
use super::ways::{self, Kind};
use super::wire::{Fetched, Wire};
use crate::error::{Exit, Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes, count};

/// Arguments of `content apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Content digest, as printed by `dray content ingest`
    content: Digest,
    /// Folder to create
    target: PathBuf,
    #[command(flatten)]
    store: StoreOption,
    /// Folder with another version, or anything similar; may be repeated
    #[arg(long, value_name = "FOLDER")]
    have: Vec<PathBuf>,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Applied {
    content: Digest,
    target: PathBuf,
    way: Kind,
    size_bytes: u64,
    copied_bytes: u64,
    reused_bytes: u64,
    built_bytes: u64,
    fetched: Fetched,
}

impl Apply {
    pub(super) fn run(self, output: Output) -> Outcome {
        let store = self.store.open()?;
        if self.target.symlink_metadata().is_ok() {
            return Err(failure(&AssembleError::DestinationExists(self.target)));
        }
        let held = self.have.iter().map(|path| Held::identify(&store, path, None)).collect::<Outcome<Vec<_>>>()?;
        let build = Build { store: &store, content: self.content, held: &held, target: &self.target };
        let attempt = format!("cannot create {}", self.target.display());
        output.show(&build.run(&Work::new(output, "building")).map_err(|failure| failure.during(&attempt))?)
    }
}

/// What is to be built, and where.
struct Build<'a> {
    store: &'a FolderStore,
    content: Digest,
    held: &'a [Held],
    target: &'a Path,
}

impl Build<'_> {
    fn run(&self, progress: &Work) -> Outcome<Applied> {
        let mut wire = Wire::new(self.store);
        let way = ways::cheapest(self.store, &self.content, self.held)?.ok_or_else(|| {
            Failure::not_found(format!("the store has no content {}", self.content))
                .hint("dray content ingest prints the digest of what it adds to a store; dray content verify shows whether a manifest is damaged")
        })?;
        wire.count(way.list);
        let (mut kind, mut totals) = (way.kind, way.plan.totals);
        if !self.carry_out(way.plan, &mut wire, progress)? {
            let way = ways::manifest_way(self.store, &self.content, self.held)?
                .ok_or_else(|| Failure::failed("the existing folder is damaged, and the store has no manifest"))?;
            wire.count(way.list);
            (kind, totals) = (way.kind, way.plan.totals);
            if !self.carry_out(way.plan, &mut wire, progress)? {
                return Err(Failure::failed("the existing folder is damaged, and the store cannot make up for it"));
            }
        }
        Ok(Applied::new(self, kind, totals, wire.fetched()))
    }

    /// Whether the tree is made. It isn't when held files turned out to be damaged that the plan can't do without.
    fn carry_out(&self, plan: Plan, wire: &mut Wire<'_>, progress: &Work) -> Outcome<bool> {
        let totals = plan.totals;
        progress.total(0, totals.copied_bytes + totals.reused_bytes + totals.fetch_bytes);
        let roots: BTreeMap<_, _> = self.held.iter().map(|held| (held.id(), held.folder().to_owned())).collect();
        let mut assembly = Assembly::open(&staging(self.target)?, plan, roots).map_err(|error| failure(&error))?;
        loop {
            match assembly.finish(self.target, progress).map_err(|error| failure(&error))? {
                Assembled::Done => return Ok(true),
                Assembled::Lost(_) => return Ok(false),
                Assembled::Missing(ranges) => {
                    for range in ranges {
                        assembly.accept(&range, &wire.range(&range)?).map_err(|error| failure(&error))?;
                        progress.advance(0, range.length);
                    }
                }
            }
        }
    }
}

impl Applied {
    fn new(build: &Build<'_>, way: Kind, totals: Totals, fetched: Fetched) -> Self {
        Self {
            content: build.content,
            target: build.target.to_owned(),
            way,
            size_bytes: totals.whole_bytes,
            copied_bytes: totals.copied_bytes,
            reused_bytes: totals.reused_bytes,
            built_bytes: totals.built_bytes,
            fetched,
        }
    }
}

/// Beside the target: on the same file system, and found again by the next attempt.
fn staging(target: &Path) -> Outcome<PathBuf> {
    let name =
        target.file_name().ok_or_else(|| Failure::usage(format!("{} is not a folder name", target.display())))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".partial");
    Ok(target.with_file_name(hidden))
}

fn failure(error: &AssembleError) -> Failure {
    match error {
        AssembleError::DestinationExists(_) => {
            Failure::new(Exit::Conflict, error.to_string()).hint("give a folder that does not exist yet")
        }
        AssembleError::Corrupt { .. } => {
            Failure::failed(error.to_string()).hint("dray content verify lists what is damaged")
        }
        _ => Failure::failed("cannot build the content").because(error),
    }
}

impl Shown for Applied {
    fn fields(&self) -> Fields {
        let Fetched { manifest_bytes, update_bytes, pack_bytes, requests, .. } = self.fetched;
        let lists = bytes(manifest_bytes + update_bytes);
        vec![
            ("content", self.content.to_string()),
            ("folder", self.target.display().to_string()),
            ("size", bytes(self.size_bytes)),
            ("way", self.way.word().to_owned()),
            ("copied", bytes(self.copied_bytes)),
            ("reused", bytes(self.reused_bytes)),
            ("built", bytes(self.built_bytes)),
            (
                "fetched",
                format!(
                    "{} in {}: lists {lists}, packs {}",
                    bytes(self.fetched.bytes),
                    count(requests, "request"),
                    bytes(pack_bytes)
                ),
            ),
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
