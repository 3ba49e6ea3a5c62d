//! What is written down of each content: which entries its tree has and, where the manifest was fetched, from which chunks they are
//! built. Nothing here is believed: entries count only with the content's digest.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use dray_content::durable::{self, Readers};
use dray_content::{Limits, Manifest, Tree};
use dray_model::Digest;

use super::Cache;

impl Cache {
    pub(super) fn manifest_file(&self, content: Digest) -> PathBuf {
        self.folder.join("manifests").join(content.to_string())
    }

    pub(super) fn tree_file(&self, content: Digest) -> PathBuf {
        self.folder.join("trees").join(content.to_string())
    }

    /// Keeps a manifest as it was fetched.
    pub(super) fn keep_manifest(&self, content: Digest, bytes: &[u8]) -> io::Result<()> {
        durable::replace(&self.manifest_file(content), bytes, Readers::Owner)
    }

    /// Keeps what an update says of a content.
    pub(super) fn keep_tree(&self, content: Digest, tree: &Tree) -> io::Result<()> {
        durable::replace(&self.tree_file(content), &tree.encode(), Readers::Owner)
    }

    /// When something was last written down of a content, which every try to fetch it does; `None` when there is nothing.
    pub(super) fn recorded_at(&self, content: Digest) -> Option<SystemTime> {
        let files = [self.tree_file(content), self.manifest_file(content)];
        files.iter().filter_map(|file| std::fs::metadata(file).ok()?.modified().ok()).max()
    }

    /// Removes all that is written down of a content.
    pub(super) fn forget(&self, content: Digest) {
        for file in [self.tree_file(content), self.manifest_file(content)] {
            let _ = std::fs::remove_file(file);
        }
    }

    /// The entries of a content.
    pub(super) fn read_tree(&self, content: Digest) -> Result<Tree, String> {
        if let Ok(bytes) = std::fs::read(self.tree_file(content))
            && Digest::of(&bytes) == content
            && let Ok(tree) = Tree::decode(&bytes, &Limits::default())
        {
            return Ok(tree);
        }
        self.read_manifest(content).map(|manifest| manifest.tree().clone())
    }

    /// The manifest of a content, or one that knows no chunks.
    pub(super) fn read_recipes(&self, content: Digest) -> Result<Manifest, String> {
        self.read_manifest(content).or_else(|error| {
            let tree = self.read_tree(content).map_err(|_| error)?;
            Ok(Manifest::new(tree, &[], &[], Vec::new()).expect("without recipes there is nothing to contradict"))
        })
    }

    fn read_manifest(&self, content: Digest) -> Result<Manifest, String> {
        let bytes =
            std::fs::read(self.manifest_file(content)).map_err(|error| format!("cannot read its manifest: {error}"))?;
        Manifest::decode(&bytes, &content, &Limits::default()).map_err(|error| format!("its manifest: {error}"))
    }

    /// Bytes of what is written down of a content.
    pub(super) fn record_bytes(&self, content: Digest) -> u64 {
        let files = [self.tree_file(content), self.manifest_file(content)];
        files.iter().filter_map(|file| Some(std::fs::metadata(file).ok()?.len())).sum()
    }
}
