//! What earlier versions of a package stored already.

use std::collections::{HashMap, HashSet};

use dray_model::Digest;

use super::SMALL_BYTES;
use crate::manifest::{Chunk, Manifest, PackInfo};

/// Chunks and small files that need not be stored again. When two manifests hold the same, the one added first counts: add the
/// newest first.
#[derive(Debug, Clone, Default)]
pub struct KnownChunks {
    chunks: HashMap<Digest, (Chunk, PackInfo)>,
    small_files: HashMap<Digest, Vec<KnownPiece>>,
}

/// A piece of a known small file, in a known chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownPiece {
    pub(super) chunk: Digest,
    pub(super) offset: u32,
    pub(super) length: u32,
}

impl KnownChunks {
    /// Adds what a manifest names. Its packs must stay in the store as long as anything is made from this.
    pub fn add(&mut self, manifest: &Manifest) {
        self.add_without(manifest, &HashSet::new());
    }

    /// As [`KnownChunks::add`], but for what lies in some packs, which can't be relied on.
    pub fn add_without(&mut self, manifest: &Manifest, packs: &HashSet<Digest>) {
        let is_good = |chunk: &Chunk| packs.is_empty() || !packs.contains(&manifest.pack_of(chunk).digest);
        for chunk in manifest.chunks().iter().filter(|chunk| is_good(chunk)) {
            self.chunks.entry(chunk.digest).or_insert_with(|| (*chunk, *manifest.pack_of(chunk)));
        }
        for (content, _) in manifest.tree().contents().into_iter().filter(|(_, size)| *size < SMALL_BYTES) {
            let recipe = manifest.recipe(&content).unwrap_or_default();
            if !recipe.iter().all(|piece| is_good(&manifest.chunks()[piece.chunk as usize])) {
                continue;
            }
            let pieces = recipe.iter().map(|piece| KnownPiece {
                chunk: manifest.chunks()[piece.chunk as usize].digest,
                offset: piece.offset,
                length: piece.length,
            });
            self.small_files.entry(content).or_insert_with(|| pieces.collect());
        }
    }

    /// Whether the chunk is stored.
    #[must_use]
    pub fn has(&self, chunk: &Digest) -> bool {
        self.chunks.contains_key(chunk)
    }

    pub(super) fn chunk(&self, digest: &Digest) -> Option<&(Chunk, PackInfo)> {
        self.chunks.get(digest)
    }

    /// The pieces of a small file; `None` when it is not known as a whole.
    pub(super) fn small_file(&self, content: &Digest) -> Option<&[KnownPiece]> {
        self.small_files.get(content).filter(|pieces| !pieces.is_empty()).map(Vec::as_slice)
    }
}

impl<'a> FromIterator<&'a Manifest> for KnownChunks {
    fn from_iter<I: IntoIterator<Item = &'a Manifest>>(manifests: I) -> Self {
        let mut known = Self::default();
        manifests.into_iter().for_each(|manifest| known.add(manifest));
        known
    }
}
