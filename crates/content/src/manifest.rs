//! Manifests: how a tree's files are built from chunks, and where the chunks are.
//!
//! In memory a [`Manifest`] may be partial: [`Outline`] lets a client fetch only the blocks of chunk lists that it needs. What it
//! holds is always consistent: pieces add up to their file, chunks lie inside their pack, one chunk is in one place.
//! Trust comes from the tree's digest alone; a manifest that lies can waste a download, never change a file.

mod block;
pub mod difference;
mod header;
mod outline;

use std::collections::HashMap;
use std::ops::Range;

use dray_model::Digest;

use crate::codec::DecodeError;
use crate::limits::Limits;
use crate::pack;
use crate::tree::Tree;

pub use header::{HEADER_BYTES_MAX, Header, Section};
pub use outline::{Block, Outline};
pub(crate) use outline::{put_packs, read_packs};

/// A tree and how its files are built. The default is that of the tree without entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    tree: Tree,
    packs: Vec<PackInfo>,
    chunks: Vec<Chunk>,
    pieces: Vec<Piece>,
    recipes: HashMap<Digest, Range<usize>>,
}

/// A pack that a manifest's chunks are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PackInfo {
    /// Its name and the BLAKE3 of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// A run of bytes and where it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// BLAKE3 of the plain bytes.
    pub digest: Digest,
    /// Plain bytes.
    pub length: u32,
    /// Which of the manifest's packs holds it.
    pub pack: u32,
    /// Where it begins in the pack.
    pub offset: u64,
    /// Bytes in the pack.
    pub stored_length: u32,
}

/// A run of a file's bytes that comes from one chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Which of the manifest's chunks.
    pub chunk: u32,
    /// Where in the chunk's plain bytes it begins.
    pub offset: u32,
    /// How many bytes.
    pub length: u32,
}

/// How one file's bytes are built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// BLAKE3 of the file.
    pub content: Digest,
    /// Its bytes in order.
    pub pieces: Vec<Piece>,
}

/// Why parts don't make a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidManifest {
    /// A pack that is named twice.
    #[error("the pack {} is listed twice", .0.short())]
    PackTwice(Digest),
    /// A chunk that is empty, outside of its pack, or stored in more bytes than it has.
    #[error("the chunk {} has an impossible location", .0.short())]
    Chunk(Digest),
    /// A chunk with two positions.
    #[error("the chunk {} has two locations", .0.short())]
    ChunkTwice(Digest),
    /// Pieces outside of their chunks, or that don't add up to the file's size.
    #[error("the pieces of the file {} do not add up to its size", .0.short())]
    Pieces(Digest),
    /// A recipe for something that is not a file of the tree, or a second one.
    #[error("there is more than one recipe for {}", .0.short())]
    Surplus(Digest),
    /// Files without recipe where all are needed.
    #[error("the file {} has no recipe", .0.short())]
    Incomplete(Digest),
}

impl From<InvalidManifest> for DecodeError {
    fn from(invalid: InvalidManifest) -> Self {
        Self::illegal("chunk list", invalid)
    }
}

impl Chunk {
    /// Whether its stored bytes are zstd (else they are the plain bytes).
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.stored_length < self.length
    }

    /// Where its stored bytes end in the pack.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + u64::from(self.stored_length)
    }

    fn fits(&self, pack: &PackInfo) -> bool {
        let space = pack.size.saturating_sub(pack::trailer_bytes(1));
        let end = self.offset.checked_add(self.stored_length.into());
        0 < self.stored_length
            && self.stored_length <= self.length
            && self.offset >= pack::HEADER_BYTES
            && end.is_some_and(|end| end <= space)
    }
}

impl Manifest {
    /// Puts a manifest together from recipes for some or all of the tree's files. Packs and chunks that no recipe uses are dropped,
    /// the others are put in order of first use.
    ///
    /// # Errors
    /// When the parts contradict each other or the tree.
    pub fn new(
        tree: Tree,
        packs: &[PackInfo],
        chunks: &[Chunk],
        recipes: Vec<Recipe>,
    ) -> Result<Self, InvalidManifest> {
        let contents = tree.contents();
        let sizes: HashMap<Digest, u64> = contents.iter().copied().collect();
        let mut given = HashMap::with_capacity(recipes.len());
        for recipe in recipes {
            if !sizes.contains_key(&recipe.content) {
                return Err(InvalidManifest::Surplus(recipe.content));
            }
            if let Some(second) = given.insert(recipe.content, recipe.pieces) {
                drop(second);
                return Err(InvalidManifest::Surplus(recipe.content));
            }
        }
        let mut order = Reorder::new(packs, chunks)?;
        let (mut pieces, mut ranges) = (Vec::new(), HashMap::with_capacity(given.len()));
        for (content, size) in contents {
            let Some(recipe) = given.get(&content) else { continue };
            let start = pieces.len();
            order.take(content, size, recipe, &mut pieces)?;
            ranges.insert(content, start..pieces.len());
        }
        Ok(Self { tree, packs: order.packs, chunks: order.chunks, pieces, recipes: ranges })
    }

    /// The tree that it builds.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The packs in order of first use. A partial manifest lists only those of its recipes.
    #[must_use]
    pub fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    /// The chunks in order of first use; [`Piece::chunk`] counts in this list.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The pieces of the file with this digest; `None` when it is empty, not in the tree, or in a block that wasn't fetched.
    #[must_use]
    pub fn recipe(&self, content: &Digest) -> Option<&[Piece]> {
        self.recipes.get(content).map(|range| &self.pieces[range.clone()])
    }

    /// The pack that a chunk of this manifest is in.
    #[must_use]
    pub fn pack_of(&self, chunk: &Chunk) -> &PackInfo {
        &self.packs[chunk.pack as usize]
    }

    /// Writes the manifest (`docs/formats.md`, "Manifest"). Its name in a store is the BLAKE3 of these bytes.
    ///
    /// # Errors
    /// When a file has no recipe.
    pub fn encode(&self) -> Result<Vec<u8>, InvalidManifest> {
        outline::encode(self)
    }

    /// The chunks and pieces of `contents`, encoded as a block of a manifest is.
    ///
    /// # Errors
    /// When one of them has no recipe.
    pub(crate) fn encode_block(&self, contents: &[(Digest, u64)]) -> Result<Vec<u8>, InvalidManifest> {
        block::encode(self, contents)
    }

    /// A partial manifest of `tree`, with what [`Manifest::encode_block`] wrote for `contents`.
    pub(crate) fn decode_block(
        tree: Tree,
        packs: &[PackInfo],
        contents: &[(Digest, u64)],
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let mut decoded = block::Decoded::default();
        decoded.read(bytes, contents, packs.len(), limits)?;
        Ok(Self::new(tree, packs, &decoded.chunks, decoded.recipes)?)
    }

    /// Reads a whole manifest and checks that it is for the signed content digest `expected`.
    ///
    /// # Errors
    /// When the bytes are not a manifest within `limits`, are damaged, or are for other content.
    pub fn decode(bytes: &[u8], expected: &Digest, limits: &Limits) -> Result<Self, DecodeError> {
        outline::decode_whole(bytes, expected, limits)
    }
}

/// Renumbers packs and chunks in order of first use, and checks them on the way.
struct Reorder<'a> {
    given_packs: &'a [PackInfo],
    given_chunks: &'a [Chunk],
    pack_numbers: Vec<Option<u32>>,
    chunk_numbers: Vec<Option<u32>>,
    by_digest: HashMap<Digest, u32>,
    packs: Vec<PackInfo>,
    chunks: Vec<Chunk>,
}

impl<'a> Reorder<'a> {
    fn new(given_packs: &'a [PackInfo], given_chunks: &'a [Chunk]) -> Result<Self, InvalidManifest> {
        let mut seen = std::collections::HashSet::with_capacity(given_packs.len());
        if let Some(twice) = given_packs.iter().find(|pack| !seen.insert(pack.digest)) {
            return Err(InvalidManifest::PackTwice(twice.digest));
        }
        Ok(Self {
            given_packs,
            given_chunks,
            pack_numbers: vec![None; given_packs.len()],
            chunk_numbers: vec![None; given_chunks.len()],
            by_digest: HashMap::with_capacity(given_chunks.len()),
            packs: Vec::with_capacity(given_packs.len()),
            chunks: Vec::with_capacity(given_chunks.len()),
        })
    }

    fn take(
        &mut self,
        content: Digest,
        size: u64,
        recipe: &[Piece],
        out: &mut Vec<Piece>,
    ) -> Result<(), InvalidManifest> {
        let mut total = 0u64;
        for piece in recipe {
            let chunk = self.chunk(piece.chunk).ok_or(InvalidManifest::Pieces(content))??;
            let length = self.chunks[chunk as usize].length;
            let end = piece.offset.checked_add(piece.length);
            if piece.length == 0 || end.is_none_or(|end| end > length) {
                return Err(InvalidManifest::Pieces(content));
            }
            total += u64::from(piece.length);
            out.push(Piece { chunk, ..*piece });
        }
        if total == size { Ok(()) } else { Err(InvalidManifest::Pieces(content)) }
    }

    /// The new number of a given chunk; `None` when there is none with the old number.
    fn chunk(&mut self, old: u32) -> Option<Result<u32, InvalidManifest>> {
        let known = *self.chunk_numbers.get(old as usize)?;
        Some(known.map_or_else(|| self.add_chunk(old as usize), Ok))
    }

    fn add_chunk(&mut self, old: usize) -> Result<u32, InvalidManifest> {
        let chunk = self.given_chunks[old];
        let invalid = InvalidManifest::Chunk(chunk.digest);
        let pack = self.given_packs.get(chunk.pack as usize).filter(|pack| chunk.fits(pack)).ok_or(invalid)?;
        let pack = *self.pack_numbers[chunk.pack as usize].get_or_insert_with(|| {
            self.packs.push(*pack);
            (self.packs.len() - 1) as u32
        });
        let chunk = Chunk { pack, ..chunk };
        let next = self.chunks.len() as u32;
        let number = *self.by_digest.entry(chunk.digest).or_insert(next);
        if number == next {
            self.chunks.push(chunk);
        } else if self.chunks[number as usize] != chunk {
            return Err(InvalidManifest::ChunkTwice(chunk.digest));
        }
        self.chunk_numbers[old] = Some(number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
