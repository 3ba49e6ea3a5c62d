//! What earlier versions of a package stored already.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use dray_model::Digest;

use super::SourceIndex;
use crate::manifest::{Chunk, Manifest, PackInfo, Piece};

/// Chunks and files that need not be stored again. When two manifests hold the same, the one added first counts: add the newest
/// first.
#[derive(Debug, Clone, Default)]
pub struct KnownChunks {
    chunks: Vec<Chunk>,
    packs: Vec<PackInfo>,
    chunk_numbers: HashMap<Digest, u32>,
    pack_numbers: HashMap<Digest, u32>,
    pieces: Vec<KnownPiece>,
    files: HashMap<Digest, Range<usize>>,
    index: SourceIndex,
}

/// A piece of a known file, in a known chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownPiece {
    /// The number of the chunk.
    pub(super) chunk: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
}

impl KnownChunks {
    /// Adds what a manifest names. Its packs must stay in the store as long as anything is made from this.
    pub fn add(&mut self, manifest: &Manifest) {
        self.add_without(manifest, &HashSet::new());
    }

    /// As [`KnownChunks::add`], but for what lies in some packs, which can't be relied on.
    pub fn add_without(&mut self, manifest: &Manifest, bad: &HashSet<Digest>) {
        let pack = |pack: &PackInfo| (!bad.contains(&pack.digest)).then(|| self.add_pack(pack));
        let packs: Vec<Option<u32>> = manifest.packs().iter().map(pack).collect();
        let add = |chunk: &Chunk| packs[chunk.pack as usize].map(|pack| self.add_chunk(Chunk { pack, ..*chunk }));
        let chunks: Vec<Option<u32>> = manifest.chunks().iter().map(add).collect();
        for (content, _) in manifest.tree().contents() {
            let Some(recipe) = manifest.recipe(&content) else { continue };
            let piece = |piece: &Piece| {
                let chunk = chunks[piece.chunk as usize]?;
                Some(KnownPiece { chunk, offset: piece.offset, length: piece.length })
            };
            let Some(pieces) = recipe.iter().map(piece).collect::<Option<Vec<_>>>() else { continue };
            let Entry::Vacant(file) = self.files.entry(content) else { continue };
            let start = self.pieces.len();
            file.insert(start..start + pieces.len());
            self.pieces.extend(pieces);
        }
    }

    fn add_pack(&mut self, pack: &PackInfo) -> u32 {
        let next = self.packs.len() as u32;
        let number = *self.pack_numbers.entry(pack.digest).or_insert(next);
        if number == next {
            self.packs.push(*pack);
        }
        number
    }

    fn add_chunk(&mut self, chunk: Chunk) -> u32 {
        let next = self.chunks.len() as u32;
        let number = *self.chunk_numbers.entry(chunk.digest).or_insert(next);
        if number == next {
            self.chunks.push(chunk);
        }
        number
    }

    /// Spares the reading of files that are as `index` says and hold something that is known.
    pub fn trust(&mut self, index: SourceIndex) {
        self.index = index;
    }

    pub(super) fn index(&self) -> &SourceIndex {
        &self.index
    }

    /// Whether the chunk is stored.
    #[must_use]
    pub fn has(&self, chunk: &Digest) -> bool {
        self.chunk_numbers.contains_key(chunk)
    }

    /// The number of a chunk; `None` when it is not known.
    pub(super) fn number(&self, chunk: &Digest) -> Option<u32> {
        self.chunk_numbers.get(chunk).copied()
    }

    /// A known chunk and the pack that it is in.
    pub(super) fn chunk(&self, number: u32) -> (Chunk, PackInfo) {
        let chunk = self.chunks[number as usize];
        (chunk, self.packs[chunk.pack as usize])
    }

    /// The pieces of a file; `None` when it is not known as a whole. Nothing takes no pieces.
    pub(super) fn file(&self, content: &Digest) -> Option<&[KnownPiece]> {
        self.files.get(content).map(|range| &self.pieces[range.clone()])
    }

    /// Whether a file of so many bytes with this content can be made of what is known.
    pub(super) fn holds(&self, content: &Digest, size: u64) -> bool {
        let bytes = |pieces: &[KnownPiece]| pieces.iter().map(|piece| u64::from(piece.length)).sum::<u64>();
        self.file(content).is_some_and(|pieces| bytes(pieces) == size)
    }
}

impl<'a> FromIterator<&'a Manifest> for KnownChunks {
    fn from_iter<I: IntoIterator<Item = &'a Manifest>>(manifests: I) -> Self {
        let mut known = Self::default();
        manifests.into_iter().for_each(|manifest| known.add(manifest));
        known
    }
}
