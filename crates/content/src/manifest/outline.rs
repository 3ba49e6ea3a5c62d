//! The outline of a manifest: file list, packs, and where the blocks of chunk lists are.
//!
//! This is what a client reads first; it then fetches only the blocks of files that it can't copy from what it holds.

use std::ops::Range;

use dray_model::Digest;

use super::block::{self, Decoded};
use super::header::{self, Header, Part, Section};
use super::{InvalidManifest, Manifest, PackInfo};
use crate::chunker::CHUNKING;
use crate::codec::{DecodeError, Reader, put_varint, within};
use crate::compress::{compress_section, expand_section};
use crate::limits::Limits;
use crate::tree::Tree;

/// A block is closed when it has so many pieces: about 10 KB.
const BLOCK_PIECES: usize = 256;
const WHAT: &str = "manifest index";

/// A manifest without its chunk lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    tree: Tree,
    contents: Vec<(Digest, u64)>,
    packs: Vec<PackInfo>,
    blocks: Vec<Block>,
}

/// A block of chunk lists for some of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where it is in the manifest.
    pub range: Range<u64>,
    /// BLAKE3 of its stored bytes.
    pub digest: Digest,
    length: u64,
    contents: Range<usize>,
}

pub(super) fn encode(manifest: &Manifest) -> Result<Vec<u8>, InvalidManifest> {
    let (mut table, mut blocks, mut length) = (Vec::new(), Vec::new(), 0);
    let contents = manifest.tree.contents();
    let groups = group(manifest, &contents);
    put_varint(&mut table, groups.len() as u64);
    for group in groups {
        let plain = block::encode(manifest, &contents[group.clone()])?;
        let stored = compress_section(&plain);
        put_varint(&mut table, group.len() as u64);
        put_varint(&mut table, stored.len() as u64);
        put_varint(&mut table, plain.len() as u64);
        table.extend_from_slice(Digest::of(&stored).as_bytes());
        length += plain.len() as u64;
        blocks.extend_from_slice(&stored);
    }
    let mut index = vec![CHUNKING];
    put_packs(&mut index, &manifest.packs);
    index.extend_from_slice(&table);
    let tree = manifest.tree.encode();
    let part = |kind, plain: &[u8]| Part { kind, stored: compress_section(plain), length: plain.len() as u64 };
    let blocks = Part { kind: header::BLOCKS, stored: blocks, length };
    let parts = [part(header::TREE, &tree), part(header::INDEX, &index), blocks];
    let mut out = header::encode(&Digest::of(&tree), &parts);
    parts.iter().for_each(|part| out.extend_from_slice(&part.stored));
    Ok(out)
}

/// Consecutive contents whose chunk lists go into one block.
fn group(manifest: &Manifest, contents: &[(Digest, u64)]) -> Vec<Range<usize>> {
    let mut groups = Vec::new();
    let (mut start, mut pieces) = (0, 0);
    for (at, (content, _)) in contents.iter().enumerate() {
        pieces += manifest.recipe(content).map_or(0, <[_]>::len);
        if pieces >= BLOCK_PIECES || at + 1 == contents.len() {
            groups.push(start..at + 1);
            (start, pieces) = (at + 1, 0);
        }
    }
    groups
}

pub(super) fn decode_whole(bytes: &[u8], expected: &Digest, limits: &Limits) -> Result<Manifest, DecodeError> {
    within("bytes in a manifest", bytes.len() as u64, limits.manifest_bytes_max)?;
    let header = Header::decode(bytes, limits)?;
    match bytes.len() as u64 {
        length if length < header.size => return Err(DecodeError::Truncated { what: "manifest" }),
        length if length > header.size => {
            return Err(DecodeError::Malformed { what: "manifest", why: "there are bytes after its end" });
        }
        _ => {}
    }
    let slice = |range: &Range<u64>| &bytes[range.start as usize..range.end as usize];
    let outline = Outline::decode(&header, slice(&header.tree.range), slice(&header.index.range), expected, limits)?;
    if Digest::of(slice(&header.blocks.range)) != header.blocks.digest {
        return Err(DecodeError::Damaged { what: "chunk list" });
    }
    let blocks: Vec<_> = outline.blocks.iter().map(|block| (block, slice(&block.range))).collect();
    outline.manifest(&blocks, limits)
}

impl Outline {
    /// Reads the sections `tree` and `index` that `header` tells where to find, and checks that they are for the signed content
    /// digest `expected`.
    ///
    /// # Errors
    /// When they are damaged, malformed, beyond `limits`, or for other content.
    pub fn decode(
        header: &Header,
        tree: &[u8],
        index: &[u8],
        expected: &Digest,
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let tree = expand("file list", &header.tree, tree)?;
        let found = Digest::of(&tree);
        if found != *expected || header.content != found {
            return Err(DecodeError::OtherContent { expected: *expected, found });
        }
        let tree = Tree::decode(&tree, limits)?;
        let contents = tree.contents();
        let index = expand(WHAT, &header.index, index)?;
        let mut reader = Reader::new(WHAT, &index);
        if reader.u8()? != CHUNKING {
            return Err(reader.malformed("its chunks are cut in a way that this version of Dray does not know"));
        }
        let packs = read_packs(&mut reader, limits)?;
        let blocks = read_blocks(&mut reader, &header.blocks, contents.len(), limits)?;
        reader.end()?;
        Ok(Self { tree, contents, packs, blocks })
    }

    /// The tree.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// All packs that the chunks are in.
    #[must_use]
    pub fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    /// The blocks that hold recipes of files for which `is_needed` (given their digests), in order of their ranges.
    pub fn blocks_for(&self, is_needed: impl Fn(&Digest) -> bool) -> Vec<&Block> {
        let holds = |block: &&Block| self.contents[block.contents.clone()].iter().any(|(digest, _)| is_needed(digest));
        self.blocks.iter().filter(holds).collect()
    }

    /// The manifest with the recipes of `blocks`, given with their stored bytes.
    ///
    /// # Errors
    /// When a block is damaged, malformed, beyond `limits`, or contradicts the tree or another block.
    pub fn manifest(&self, blocks: &[(&Block, &[u8])], limits: &Limits) -> Result<Manifest, DecodeError> {
        let mut decoded = Decoded::default();
        for (block, stored) in blocks {
            if Digest::of(stored) != block.digest {
                return Err(DecodeError::Damaged { what: "chunk list" });
            }
            let plain = expand_section("chunk list", stored, block.length as usize)?;
            decoded.read(&plain, &self.contents[block.contents.clone()], self.packs.len(), limits)?;
        }
        Ok(Manifest::new(self.tree.clone(), &self.packs, &decoded.chunks, decoded.recipes)?)
    }
}

fn expand(what: &'static str, section: &Section, stored: &[u8]) -> Result<Vec<u8>, DecodeError> {
    if Digest::of(stored) != section.digest {
        return Err(DecodeError::Damaged { what });
    }
    expand_section(what, stored, section.length as usize)
}

/// Writes how many packs there are and for each its digest and length.
pub(crate) fn put_packs(out: &mut Vec<u8>, packs: &[PackInfo]) {
    put_varint(out, packs.len() as u64);
    for pack in packs {
        out.extend_from_slice(pack.digest.as_bytes());
        put_varint(out, pack.size);
    }
}

/// Reads what [`put_packs`] wrote.
pub(crate) fn read_packs(reader: &mut Reader<'_>, limits: &Limits) -> Result<Vec<PackInfo>, DecodeError> {
    let count = reader.count("packs in a manifest", limits.packs_max, Digest::LENGTH + 1)?;
    let mut packs = Vec::with_capacity(count);
    for _ in 0..count {
        let digest = reader.digest()?;
        packs.push(PackInfo { digest, size: reader.bounded("bytes in a pack", limits.pack_bytes_max)? });
    }
    Ok(packs)
}

fn read_blocks(
    reader: &mut Reader<'_>,
    section: &Section,
    contents: usize,
    limits: &Limits,
) -> Result<Vec<Block>, DecodeError> {
    let count = reader.count("blocks in a manifest", contents as u64, Digest::LENGTH + 3)?;
    let mut blocks = Vec::with_capacity(count);
    let (mut at, mut first, mut total) = (section.range.start, 0usize, 0u64);
    for _ in 0..count {
        let held = reader.bounded("files in a chunk list", (contents - first) as u64)? as usize;
        if held == 0 {
            return Err(reader.malformed("a chunk list is empty"));
        }
        let stored = reader.bounded("bytes in a chunk list", section.range.end - at)?;
        let length = reader.bounded("bytes in a chunk list", limits.block_bytes_max)?;
        let digest = reader.digest()?;
        blocks.push(Block { range: at..at + stored, digest, length, contents: first..first + held });
        (at, first, total) = (at + stored, first + held, total + length);
    }
    if (at, first, total) != (section.range.end, contents, section.length) {
        return Err(reader.malformed("its chunk lists do not match its files"));
    }
    Ok(blocks)
}
