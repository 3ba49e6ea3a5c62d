//! Trees that are here already and may lend their bytes to a new one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use dray_content::plan::HeldTreeId;
use dray_content::{Limits, Manifest};
use dray_model::Digest;

use super::Cache;

/// Trees that are looked at for one fetch: the newest ones; packages seldom keep more versions.
const TREES_MAX: usize = 16;
/// Bytes of their manifests together: what their decoded form takes of memory is some three times that.
const MANIFEST_BYTES_MAX: u64 = 8 << 20;

/// Trees that can lend bytes, and where they are.
#[derive(Default)]
pub(super) struct Held {
    pub(super) manifests: Vec<(HeldTreeId, Manifest)>,
    pub(super) roots: BTreeMap<HeldTreeId, PathBuf>,
}

impl Cache {
    /// The newest complete trees but `content` itself. Blocks.
    pub(super) fn held_for(&self, content: Digest) -> Held {
        let mut held = Held::default();
        let mut left = MANIFEST_BYTES_MAX;
        for other in self.newest(content) {
            self.add(&mut held, other, self.tree(other), &mut left);
        }
        held
    }

    fn add(&self, held: &mut Held, content: Digest, root: PathBuf, left: &mut u64) {
        let size = std::fs::metadata(self.manifest(content)).map_or(u64::MAX, |meta| meta.len());
        if size > *left {
            return;
        }
        let decoded = std::fs::read(self.manifest(content)).map_err(|error| error.to_string()).and_then(|bytes| {
            Manifest::decode(&bytes, &content, &Limits::default()).map_err(|error| error.to_string())
        });
        match decoded {
            Ok(manifest) => {
                *left -= size;
                held.manifests.push((HeldTreeId(content), manifest));
                held.roots.insert(HeldTreeId(content), root);
            }
            Err(error) => tracing::warn!(%content, %error, "the manifest of held content can't be used"),
        }
    }

    /// Complete contents but this one, the newest first.
    fn newest(&self, but: Digest) -> Vec<Digest> {
        let age = |content: &Digest| {
            let modified = std::fs::metadata(self.manifest(*content)).and_then(|meta| meta.modified());
            modified.unwrap_or(SystemTime::UNIX_EPOCH)
        };
        let others = self.contents().unwrap_or_default().into_iter().filter(|content| *content != but);
        let mut dated: Vec<_> = others.map(|content| (age(&content), content)).collect();
        dated.sort_unstable_by(|a, b| b.cmp(a));
        dated.truncate(TREES_MAX);
        dated.into_iter().map(|(_, content)| content).collect()
    }
}
