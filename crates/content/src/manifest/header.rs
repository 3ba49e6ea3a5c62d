//! The first bytes of a manifest: which content it is for and where its sections are.
//!
//! Sections follow the header back to back in the order of its table, so a client that reads ranges needs nothing else to find
//! them. Every byte of a manifest is covered by a digest that is found on the way there.

use std::ops::Range;

use dray_model::Digest;

use crate::codec::{DecodeError, Reader, within};
use crate::limits::Limits;

pub(super) const TREE: u8 = 1;
pub(super) const INDEX: u8 = 2;
pub(super) const BLOCKS: u8 = 3;
/// Sections from this kind on may be skipped by readers that don't know them.
const OPTIONAL: u8 = 128;

const MAGIC: &[u8; 8] = b"DRAYMANI";
const VERSION: u16 = 1;
const WHAT: &str = "manifest";
const SECTIONS_MAX: u8 = 16;
const FIXED_BYTES: usize = 8 + 2 + 1 + 32 + 32;
const SECTION_BYTES: usize = 1 + 8 + 8 + 32;

/// No header is longer: a client that fetches so many bytes has it.
pub const HEADER_BYTES_MAX: usize = FIXED_BYTES + SECTIONS_MAX as usize * SECTION_BYTES;

/// Which content a manifest is for and where its parts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The content digest of its tree.
    pub content: Digest,
    /// The tree's encoding.
    pub tree: Section,
    /// Packs and the table of blocks.
    pub index: Section,
    /// Blocks of chunk lists, each compressed by itself.
    pub blocks: Section,
    /// Length of the whole manifest in bytes.
    pub size: u64,
}

/// A part of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Where it is in the manifest.
    pub range: Range<u64>,
    /// Its length when expanded.
    pub length: u64,
    /// BLAKE3 of its stored bytes.
    pub digest: Digest,
}

/// A section to be written.
pub(super) struct Part {
    pub(super) kind: u8,
    pub(super) stored: Vec<u8>,
    pub(super) length: u64,
}

pub(super) fn encode(content: &Digest, parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::with_capacity(FIXED_BYTES + parts.len() * SECTION_BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.push(parts.len() as u8);
    out.extend_from_slice(content.as_bytes());
    for part in parts {
        out.push(part.kind);
        out.extend_from_slice(&(part.stored.len() as u64).to_le_bytes());
        out.extend_from_slice(&part.length.to_le_bytes());
        out.extend_from_slice(Digest::of(&part.stored).as_bytes());
    }
    let digest = Digest::of(&out);
    out.extend_from_slice(digest.as_bytes());
    out
}

impl Header {
    /// Reads the header from the first bytes of a manifest: all of it or the first [`HEADER_BYTES_MAX`].
    ///
    /// # Errors
    /// When they are not a manifest's, are damaged, or promise more than `limits` allow.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(WHAT, bytes);
        reader.magic(MAGIC, VERSION)?;
        let count = reader.u8()?;
        within("sections in a manifest", count.into(), SECTIONS_MAX.into())?;
        let content = reader.digest()?;
        let end = FIXED_BYTES + usize::from(count) * SECTION_BYTES;
        let mut sections = Vec::with_capacity(count.into());
        let mut at = end as u64;
        for _ in 0..count {
            let kind = reader.u8()?;
            let stored = within("bytes in a manifest", reader.u64()?, limits.manifest_bytes_max)?;
            let section = Section { range: at..at + stored, length: reader.u64()?, digest: reader.digest()? };
            at += stored;
            sections.push((kind, section));
        }
        let digest = reader.digest()?;
        if Digest::of(&bytes[..end - Digest::LENGTH]) != digest {
            return Err(DecodeError::Damaged { what: "manifest header" });
        }
        within("bytes in a manifest", at, limits.manifest_bytes_max)?;
        Self::from_sections(content, at, sections, limits)
    }

    fn from_sections(
        content: Digest,
        size: u64,
        sections: Vec<(u8, Section)>,
        limits: &Limits,
    ) -> Result<Self, DecodeError> {
        let mut sections = sections.into_iter();
        let mut required = |kind: u8, max: u64| match sections.next() {
            Some((found, section)) if found == kind => {
                within("bytes in a section of a manifest", section.length, max)?;
                Ok(section)
            }
            _ => Err(DecodeError::Malformed { what: WHAT, why: "a section is missing or out of order" }),
        };
        let tree = required(TREE, limits.tree_bytes_max)?;
        let index = required(INDEX, limits.index_bytes_max)?;
        let blocks = required(BLOCKS, limits.manifest_bytes_max)?;
        if sections.any(|(kind, _)| kind < OPTIONAL) {
            return Err(DecodeError::Malformed {
                what: WHAT,
                why: "it has a section that this version of Dray does not know and cannot skip",
            });
        }
        Ok(Self { content, tree, index, blocks, size })
    }
}
