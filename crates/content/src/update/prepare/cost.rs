//! What the holder of the old tree would have to fetch without segments.

use std::collections::{HashMap, HashSet};

use dray_model::Digest;

use super::super::numbering::Sized;
use super::PrepareError;
use crate::limits::Limits;
use crate::manifest::{Header, InvalidManifest, Manifest, Outline};

/// What a chunk takes in an update, whether it is held or not: a digest that doesn't compress, a length and a place.
const LISTED_BYTES: u64 = 38;

/// For each wanted content its chunks.
pub(super) struct ChunkCosts {
    by_content: HashMap<Digest, Vec<u32>>,
    /// Bytes to be fetched for each chunk of the manifest: none for those that files of the old tree have.
    fetched: Vec<u64>,
    /// Whether zstd can't shorten it.
    is_raw: Vec<bool>,
}

impl ChunkCosts {
    pub(super) fn new(old: &Manifest, new: &Manifest, wanted: &[Sized]) -> Result<Self, PrepareError> {
        let held: HashSet<Digest> = whole_chunks(old).collect();
        let chunks = new.chunks().iter();
        let fetched = chunks.map(|chunk| if held.contains(&chunk.digest) { 0 } else { chunk.stored_length.into() });
        let recipe = |(content, _): &Sized| {
            let pieces = new.recipe(content).ok_or(PrepareError::NoRecipe(*content))?;
            Ok((*content, pieces.iter().map(|piece| piece.chunk).collect()))
        };
        Ok(Self {
            by_content: wanted.iter().map(recipe).collect::<Result<_, PrepareError>>()?,
            fetched: fetched.collect(),
            is_raw: new.chunks().iter().map(|chunk| !chunk.is_compressed()).collect(),
        })
    }

    /// Bytes to be fetched to build `contents` from chunks.
    pub(super) fn fetched(&self, contents: &[Digest]) -> u64 {
        self.chunks(contents).iter().map(|chunk| self.fetched[*chunk as usize]).sum()
    }

    /// The same, with what the chunks take in the update.
    pub(super) fn all(&self, contents: &[Digest]) -> u64 {
        self.chunks(contents).iter().map(|chunk| self.fetched[*chunk as usize] + LISTED_BYTES).sum()
    }

    /// Whether compression is of no use for any of `contents`.
    pub(super) fn is_incompressible(&self, contents: &[Digest]) -> bool {
        self.chunks(contents).iter().all(|chunk| self.is_raw[*chunk as usize])
    }

    /// What the holder of the old tree fetches without an update: lacking chunks and the parts of the manifest that tell them.
    pub(super) fn without_update(&self, new: &Manifest, wanted: &[Sized]) -> Result<u64, InvalidManifest> {
        let contents: Vec<Digest> = wanted.iter().map(|(content, _)| *content).collect();
        Ok(self.fetched(&contents) + manifest_bytes(new, &contents)?)
    }

    /// The chunks of `contents`, each once.
    fn chunks(&self, contents: &[Digest]) -> HashSet<u32> {
        contents.iter().filter_map(|content| self.by_content.get(content)).flatten().copied().collect()
    }
}

/// The chunks that lie in a file of the tree in one run.
pub(super) fn whole_chunks(manifest: &Manifest) -> impl Iterator<Item = Digest> {
    let contents = manifest.tree().contents().into_iter();
    let pieces = contents.flat_map(|(content, _)| manifest.recipe(&content).into_iter().flatten());
    pieces.filter_map(|piece| {
        let chunk = &manifest.chunks()[piece.chunk as usize];
        (piece.length == chunk.length).then_some(chunk.digest)
    })
}

/// What a client reads of a manifest that lacks `contents`: header, file list, index, and some of the chunk lists.
fn manifest_bytes(manifest: &Manifest, contents: &[Digest]) -> Result<u64, InvalidManifest> {
    let bytes = manifest.encode()?;
    let unlimited = Limits {
        entries_max: u64::MAX,
        tree_bytes_max: u64::MAX,
        total_bytes_max: u64::MAX,
        manifest_bytes_max: u64::MAX,
        index_bytes_max: u64::MAX,
        block_bytes_max: u64::MAX,
        packs_max: u64::MAX,
        pack_bytes_max: u64::MAX,
        ..Limits::default()
    };
    let header = Header::decode(&bytes, &unlimited).expect("the manifest was written a moment ago");
    let section = |range: &std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
    let (tree, index) = (section(&header.tree.range), section(&header.index.range));
    let outline = Outline::decode(&header, tree, index, &header.content, &unlimited);
    let outline = outline.expect("the manifest was written a moment ago");
    let lacking: HashSet<&Digest> = contents.iter().collect();
    let blocks = outline.blocks_for(|content| lacking.contains(content)).into_iter();
    let blocks: u64 = blocks.map(|block| block.range.end - block.range.start).sum();
    Ok(header.index.range.end + blocks)
}
