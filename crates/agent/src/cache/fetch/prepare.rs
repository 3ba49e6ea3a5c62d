//! From a manifest or an update to an assembly that can be filled: decoded, planned, room made sure of, written down, opened.
//!
//! All of it blocks. What can't be decoded or planned is damage: the bytes had the right digest, so asking another source for them
//! would not help.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use dray_agent_core::{ContentFailure, ContentFailureKind};
use dray_client::content::TreeError;
use dray_content::assemble::{AssembleError, Assembly};
use dray_content::plan::{FetchOptions, HeldTreeId, Plan, plan, plan_update};
use dray_content::{Limits, Manifest, Tree, Update};
use dray_model::Digest;
use dray_model::cause::in_full;

use super::Cache;
use super::failure::failure;

/// Ranges in flight are what a fetch has in memory; an agent is small, and adjoining ranges go in one request anyway.
const OPTIONS: FetchOptions = FetchOptions { gap_bytes_max: 64 << 10, range_bytes_max: 512 << 10 };

/// A tree that can be filled.
pub(super) struct Prepared {
    pub(super) assembly: Assembly,
    pub(super) disk_bytes: u64,
    pub(super) reused_bytes: u64,
    /// Still to come over the wire.
    pub(super) fetch_bytes: u64,
    /// Came in earlier tries.
    pub(super) arrived_bytes: u64,
}

impl Cache {
    /// Prepares to build a content from chunks, with what any held content has of them, and keeps its manifest.
    pub(super) fn prepare_by_manifest(&self, content: Digest, manifest: &[u8]) -> Result<Prepared, ContentFailure> {
        let want = Manifest::decode(manifest, &content, &Limits::default())
            .map_err(|error| damaged(format!("the manifest: {}", in_full(&error))))?;
        let held = self.held_for(content);
        let plan = plan(&Arc::new(want), &held.have(), OPTIONS).map_err(|error| damaged(in_full(&error)))?;
        self.begin(plan, held.roots, || self.keep_manifest(content, manifest))
    }

    /// Prepares to build a content from the held content `from`, and keeps its entries.
    pub(super) fn prepare_by_update(
        &self,
        content: Digest,
        from: Digest,
        update: &[u8],
    ) -> Result<Prepared, ContentFailure> {
        let held = if Tree::is_nothing(&from) { self.held_for(content) } else { self.held_alone(from) };
        let base = held.tree(from).cloned().unwrap_or_default();
        let update = Update::decode(update, &base, &content, &Limits::default())
            .map_err(|error| damaged(format!("the update: {}", in_full(&error))))?;
        let plan = plan_update(update, &held.have(), OPTIONS).map_err(|error| damaged(in_full(&error)))?;
        let want = Arc::clone(&plan.want);
        self.begin(plan, held.roots, || self.keep_tree(content, want.tree()))
    }

    fn begin(
        &self,
        plan: Plan,
        roots: BTreeMap<HeldTreeId, PathBuf>,
        write_down: impl FnOnce() -> io::Result<()>,
    ) -> Result<Prepared, ContentFailure> {
        let (content, totals) = (plan.content(), plan.totals);
        // A tree of which nothing is written down is none: either the former is on its way out or the latter was lost.
        if self.tree(content).exists() {
            self.set_damaged(content);
        }
        let staging = self.staging(content);
        self.make_sure_of_room(totals.disk_bytes, &staging)?;
        tracing::debug!(%content, plan = %plan.explain(), "planned");
        let failed = |error| self.tree_failure(TreeError::Assemble(error), totals.disk_bytes, content);
        let path = self.tree_file(content);
        write_down().map_err(|source| failed(AssembleError::Write { path, source }))?;
        let assembly = Assembly::open(&staging, plan, roots).map_err(failed)?;
        let fetch_bytes: u64 = assembly.missing().iter().map(|range| range.length).sum();
        let arrived_bytes = totals.fetch_bytes.saturating_sub(fetch_bytes);
        let reused_bytes = totals.copied_bytes + totals.reused_bytes + totals.derived_bytes;
        Ok(Prepared { assembly, disk_bytes: totals.disk_bytes, reused_bytes, fetch_bytes, arrived_bytes })
    }
}

fn damaged(error: String) -> ContentFailure {
    failure(ContentFailureKind::Damaged, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_content::ingest::{KnownChunks, Options, ingest};

    #[test]
    fn what_arrived_in_an_earlier_try_counts_to_the_same_whole() {
        let temp = tempfile::tempdir().unwrap();
        let (source, packs) = (temp.path().join("source"), temp.path().join("packs"));
        std::fs::create_dir_all(&source).unwrap();
        let noise = (0_u32..60_000).flat_map(|number| *Digest::of(&number.to_le_bytes()).as_bytes());
        std::fs::write(source.join("payload"), noise.collect::<Vec<_>>()).unwrap();
        let taken = ingest(&source, &packs, &KnownChunks::default(), &Options::default(), &()).unwrap();
        let cache = Cache::open(&temp.path().join("cache"), crate::clock::now()).unwrap();

        let mut first = cache.prepare_by_manifest(taken.content, &taken.manifest_bytes).unwrap();
        assert_eq!(first.arrived_bytes, 0);
        let range = first.assembly.missing()[0];
        let pack = std::fs::read(&taken.packs[0].path).unwrap();
        first.assembly.accept(&range, &pack[range.offset as usize..][..range.length as usize]).unwrap();
        let whole = first.fetch_bytes;
        drop(first);

        let again = cache.prepare_by_manifest(taken.content, &taken.manifest_bytes).unwrap();
        assert_eq!((again.arrived_bytes, again.arrived_bytes + again.fetch_bytes), (range.length, whole));
    }
}
