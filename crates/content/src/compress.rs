//! zstd in one place: levels, and expansion into exactly the declared length.

use std::io;

use crate::codec::DecodeError;

/// Level for chunks: fast enough to keep up with a disk.
const CHUNK_LEVEL: i32 = 3;
/// Level for the sections of a manifest, which are mostly digests: 19 makes the file list of 2,300 files 1.7 % shorter and takes
/// fifteen times as long, a tenth of what ingesting them costs.
const SECTION_LEVEL: i32 = 9;

/// Compresses many chunks with one context.
pub(crate) struct ChunkCompressor(zstd::bulk::Compressor<'static>);

impl ChunkCompressor {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Compressor::new(CHUNK_LEVEL).map(Self)
    }

    /// The bytes to store: compressed, or `None` when that would not be smaller.
    pub(crate) fn compress(&mut self, plain: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let compressed = self.0.compress(plain)?;
        Ok((compressed.len() < plain.len()).then_some(compressed))
    }

    /// The most that so many bytes compress to.
    pub(crate) fn bound(length: usize) -> usize {
        zstd::zstd_safe::compress_bound(length)
    }

    /// Compresses into `out`, which has room for the [`bound`](Self::bound), and gives the length.
    pub(crate) fn compress_into(&mut self, plain: &[u8], out: &mut [u8]) -> io::Result<usize> {
        self.0.compress_to_buffer(plain, out)
    }
}

/// Expands many chunks with one context.
pub(crate) struct Expander(zstd::bulk::Decompressor<'static>);

impl Expander {
    pub(crate) fn new() -> io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }

    /// Puts the plain bytes of `stored` into `plain`, which is as long as they must be: equal lengths mean stored as it is.
    pub(crate) fn expand(&mut self, stored: &[u8], plain: &mut [u8]) -> io::Result<()> {
        if stored.len() == plain.len() {
            plain.copy_from_slice(stored);
            return Ok(());
        }
        let length = self.0.decompress_to_buffer(stored, plain)?;
        if length == plain.len() { Ok(()) } else { Err(io::Error::other("fewer bytes than declared")) }
    }
}

/// Compresses a section of a manifest.
pub(crate) fn compress_section(plain: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(plain, SECTION_LEVEL).expect("zstd compresses into a buffer of its own bound")
}

/// Expands a section whose length was checked against a limit before.
pub(crate) fn expand_section(what: &'static str, stored: &[u8], length: usize) -> Result<Vec<u8>, DecodeError> {
    let plain = zstd::bulk::decompress(stored, length).map_err(|source| DecodeError::Decompress { what, source })?;
    if plain.len() == length {
        Ok(plain)
    } else {
        Err(DecodeError::Malformed { what, why: "it expands to fewer bytes than declared" })
    }
}
