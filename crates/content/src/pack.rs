//! Packs: chunks back to back in one immutable file that is named by the digest of its bytes.
//!
//! Layout: header (16 bytes), chunks as stored, index, footer (`docs/formats.md`, "Pack"). Manifests hold positions, so a client
//! never needs the index; it is there so that a store can be verified and exported without any manifest. Chunks fill the
//! space between header and index exactly: no byte of a pack is outside of a digest.

mod reader;
mod writer;

use dray_model::Digest;

pub use reader::{PackError, PackSummary, index, verify};
pub use writer::{FinishedPack, PackWriter};

/// Bytes before the first chunk.
pub const HEADER_BYTES: u64 = 16;
/// What ingest fills packs up to, index included.
pub const PACK_BYTES_MAX: u64 = 64 << 20;

const MAGIC: &[u8; 8] = b"DRAYPACK";
const VERSION: u16 = 1;
pub(crate) const INDEX_ENTRY_BYTES: u64 = 40;
const FOOTER_MAGIC: &[u8; 8] = b"DRAYPEND";
const FOOTER_BYTES: u64 = 48;

/// A chunk as a pack's index lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedChunk {
    /// BLAKE3 of the plain bytes.
    pub digest: Digest,
    /// Where it begins in the pack.
    pub offset: u64,
    /// Bytes in the pack: zstd when fewer than `length`, else plain.
    pub stored_length: u32,
    /// Plain bytes.
    pub length: u32,
}

/// The bytes before the first chunk.
pub(crate) fn header() -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    header[..8].copy_from_slice(MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// Appends a chunk to an index.
pub(crate) fn put_index_entry(index: &mut Vec<u8>, digest: &Digest, stored_length: u32, length: u32) {
    index.extend_from_slice(digest.as_bytes());
    index.extend_from_slice(&stored_length.to_le_bytes());
    index.extend_from_slice(&length.to_le_bytes());
}

/// The bytes after the last chunk: the index and a footer for so many chunks.
pub(crate) fn trailer(index: &[u8], chunks: u64) -> Vec<u8> {
    let mut trailer = Vec::with_capacity(index.len() + FOOTER_BYTES as usize);
    trailer.extend_from_slice(index);
    trailer.extend_from_slice(&chunks.to_le_bytes());
    trailer.extend_from_slice(Digest::of(index).as_bytes());
    trailer.extend_from_slice(FOOTER_MAGIC);
    trailer
}

/// Bytes that an index and footer for `chunks` chunks take.
pub(crate) const fn trailer_bytes(chunks: u64) -> u64 {
    chunks * INDEX_ENTRY_BYTES + FOOTER_BYTES
}
