//! Trees that are here already and may lend their bytes to a new one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use dray_content::plan::HeldTreeId;
use dray_content::{Manifest, Tree};
use dray_model::Digest;

use super::Cache;

/// Trees that are looked at for one fetch: the newest ones; packages seldom keep more versions.
const TREES_MAX: usize = 16;
/// Bytes of what is written down of them: what their decoded form takes of memory is some three times that.
const RECORD_BYTES_MAX: u64 = 8 << 20;

/// Trees that can lend bytes, and where they are.
#[derive(Default)]
pub(super) struct Held {
    pub(super) manifests: Vec<(HeldTreeId, Manifest)>,
    pub(super) roots: BTreeMap<HeldTreeId, PathBuf>,
}

impl Held {
    /// As a plan takes them.
    pub(super) fn have(&self) -> Vec<(HeldTreeId, &Manifest)> {
        self.manifests.iter().map(|(id, manifest)| (*id, manifest)).collect()
    }

    /// The entries of one of them.
    pub(super) fn tree(&self, content: Digest) -> Option<&Tree> {
        self.manifests.iter().find(|(id, _)| id.0 == content).map(|(_, manifest)| manifest.tree())
    }
}

impl Cache {
    /// The newest complete trees but `content` itself. Blocks.
    pub(super) fn held_for(&self, content: Digest) -> Held {
        let mut held = Held::default();
        let mut left = RECORD_BYTES_MAX;
        for other in self.newest(content) {
            let size = self.record_bytes(other);
            if size <= left {
                left -= size;
                self.add(&mut held, other);
            }
        }
        held
    }

    /// One complete tree alone, whatever its size. Blocks.
    pub(super) fn held_alone(&self, content: Digest) -> Held {
        let mut held = Held::default();
        self.add(&mut held, content);
        held
    }

    fn add(&self, held: &mut Held, content: Digest) {
        match self.read_recipes(content) {
            Ok(manifest) => {
                held.manifests.push((HeldTreeId(content), manifest));
                held.roots.insert(HeldTreeId(content), self.tree(content));
            }
            Err(error) => tracing::warn!(%content, %error, "cannot use content in the cache"),
        }
    }

    /// Complete contents but this one, the newest first.
    fn newest(&self, but: Digest) -> Vec<Digest> {
        let age = |content: &Digest| self.recorded_at(*content).unwrap_or(SystemTime::UNIX_EPOCH);
        let others = self.contents().unwrap_or_default().into_iter().filter(|content| *content != but);
        let mut dated: Vec<_> = others.map(|content| (age(&content), content)).collect();
        dated.sort_unstable_by(|a, b| b.cmp(a));
        dated.truncate(TREES_MAX);
        dated.into_iter().map(|(_, content)| content).collect()
    }
}
