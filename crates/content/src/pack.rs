//! Packs: chunks back to back in one immutable file that is named by the digest of its bytes.
//!
//! Layout: header (16 bytes), chunks as stored, index, footer (`docs/formats.md`, "Pack"). Manifests hold positions, so a client
//! never needs the index; it is there so that a store can be verified and exported without any manifest. Chunks fill the
//! space between header and index exactly: no byte of a pack is outside of a digest.

mod reader;
mod writer;

use dray_model::Digest;

pub use reader::{PackError, PackSummary, verify};
pub use writer::{FinishedPack, PackWriter};

/// Bytes before the first chunk.
pub const HEADER_BYTES: u64 = 16;
/// What ingest fills packs up to, index included.
pub const PACK_BYTES_MAX: u64 = 64 << 20;

const MAGIC: &[u8; 8] = b"DRAYPACK";
const VERSION: u16 = 1;
const INDEX_ENTRY_BYTES: u64 = 40;
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

/// Bytes that an index and footer for `chunks` chunks take.
pub(crate) const fn trailer_bytes(chunks: u64) -> u64 {
    chunks * INDEX_ENTRY_BYTES + FOOTER_BYTES
}
