//! Checking a pack without a manifest: its own digest, its index, and every chunk.

use std::io::{self, Read, Seek, SeekFrom};

use dray_model::Digest;

use super::{FOOTER_BYTES, FOOTER_MAGIC, HEADER_BYTES, INDEX_ENTRY_BYTES, MAGIC, PackedChunk, VERSION, trailer_bytes};
use crate::codec::{self, DecodeError, Reader};
use crate::compress::Expander;
use crate::limits::Limits;

/// What a verified pack holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackSummary {
    /// Its length in bytes.
    pub size: u64,
    /// Its chunks in order of their offsets.
    pub chunks: Vec<PackedChunk>,
}

/// Why a pack is not good.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The pack can't be read.
    #[error("cannot read the pack")]
    Read(#[source] io::Error),
    /// Its header, index or footer is wrong, or its bytes don't have the digest of its name.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A chunk doesn't have the bytes that the index says.
    #[error("the chunk {} at {offset} is damaged", digest.short())]
    Chunk {
        /// The digest that it should have.
        digest: Digest,
        /// Where it is in the pack.
        offset: u64,
    },
}

/// Reads a pack once and checks all of it. Memory: its index and one chunk.
///
/// # Errors
/// When it can't be read, is not a pack within `limits`, or any of its bytes differ from what was written as `expected`.
pub fn verify<R: Read + Seek>(mut source: R, expected: &Digest, limits: &Limits) -> Result<PackSummary, PackError> {
    let size = source.seek(SeekFrom::End(0)).map_err(PackError::Read)?;
    codec::within("bytes in a pack", size, limits.pack_bytes_max)?;
    let (chunks, trailer) = read_index(&mut source, size, limits)?;
    let mut hasher = blake3::Hasher::new();
    source.seek(SeekFrom::Start(0)).map_err(PackError::Read)?;
    check_header(&mut source, &mut hasher)?;
    check_chunks(&mut source, &mut hasher, &chunks)?;
    hasher.update(&trailer);
    if Digest::from(hasher.finalize()) != *expected {
        return Err(DecodeError::Damaged { what: "pack" }.into());
    }
    Ok(PackSummary { size, chunks })
}

/// The chunks that the index of a pack lists, in order of their offsets. The index is whole; of the rest nothing is known.
///
/// # Errors
/// When it can't be read or is damaged.
pub fn index<R: Read + Seek>(source: &mut R, limits: &Limits) -> Result<Vec<PackedChunk>, PackError> {
    let size = source.seek(SeekFrom::End(0)).map_err(PackError::Read)?;
    codec::within("bytes in a pack", size, limits.pack_bytes_max)?;
    read_index(source, size, limits).map(|(chunks, _)| chunks)
}

fn read_index<R: Read + Seek>(
    source: &mut R,
    size: u64,
    limits: &Limits,
) -> Result<(Vec<PackedChunk>, Vec<u8>), PackError> {
    let shortest = HEADER_BYTES + FOOTER_BYTES;
    let footer_at = size.checked_sub(FOOTER_BYTES).filter(|_| size >= shortest);
    let footer_at = footer_at.ok_or(DecodeError::Truncated { what: "pack" })?;
    let footer = read_at(source, footer_at, FOOTER_BYTES)?;
    let mut reader = Reader::new("pack footer", &footer);
    let count = codec::within("chunks in a pack", reader.u64()?, limits.chunks_max)?;
    let index_digest = reader.digest()?;
    if reader.take(8)? != FOOTER_MAGIC {
        return Err(DecodeError::Magic { what: "pack footer" }.into());
    }
    if trailer_bytes(count) > size - HEADER_BYTES {
        return Err(DecodeError::Truncated { what: "pack index" }.into());
    }
    let mut trailer = read_at(source, size - trailer_bytes(count), count * INDEX_ENTRY_BYTES)?;
    if Digest::of(&trailer) != index_digest {
        return Err(DecodeError::Damaged { what: "pack index" }.into());
    }
    let chunks = decode_index(&trailer, size - trailer_bytes(count), limits)?;
    trailer.extend_from_slice(&footer);
    Ok((chunks, trailer))
}

fn decode_index(index: &[u8], chunks_end: u64, limits: &Limits) -> Result<Vec<PackedChunk>, DecodeError> {
    let mut reader = Reader::new("pack index", index);
    let mut chunks = Vec::with_capacity(index.len() / INDEX_ENTRY_BYTES as usize);
    let mut offset = HEADER_BYTES;
    while reader.remaining() > 0 {
        let digest = reader.digest()?;
        let stored_length = reader.u32()?;
        let length = reader.u32()?;
        codec::within("bytes in a chunk", length.into(), limits.chunk_bytes_max)?;
        if stored_length == 0 || stored_length > length {
            return Err(reader.malformed("a chunk is empty or takes more bytes stored than plain"));
        }
        chunks.push(PackedChunk { digest, offset, stored_length, length });
        offset += u64::from(stored_length);
    }
    if offset == chunks_end { Ok(chunks) } else { Err(reader.malformed("the chunks do not fill the pack")) }
}

fn check_header(source: &mut impl Read, hasher: &mut blake3::Hasher) -> Result<(), PackError> {
    let mut header = [0; HEADER_BYTES as usize];
    source.read_exact(&mut header).map_err(PackError::Read)?;
    hasher.update(&header);
    let mut reader = Reader::new("pack", &header);
    reader.magic(MAGIC, VERSION)?;
    if reader.take(6)? != [0; 6] {
        return Err(reader.malformed("a reserved byte is not zero").into());
    }
    Ok(())
}

fn check_chunks(source: &mut impl Read, hasher: &mut blake3::Hasher, chunks: &[PackedChunk]) -> Result<(), PackError> {
    let mut expander = Expander::new().map_err(PackError::Read)?;
    let (mut stored, mut plain) = (Vec::new(), Vec::new());
    for chunk in chunks {
        stored.resize(chunk.stored_length as usize, 0);
        source.read_exact(&mut stored).map_err(PackError::Read)?;
        hasher.update(&stored);
        plain.resize(chunk.length as usize, 0);
        if expander.expand(&stored, &mut plain).is_err() || Digest::of(&plain) != chunk.digest {
            return Err(PackError::Chunk { digest: chunk.digest, offset: chunk.offset });
        }
    }
    Ok(())
}

fn read_at<R: Read + Seek>(source: &mut R, offset: u64, length: u64) -> Result<Vec<u8>, PackError> {
    source.seek(SeekFrom::Start(offset)).map_err(PackError::Read)?;
    let mut bytes = Vec::new();
    source.take(length).read_to_end(&mut bytes).map_err(PackError::Read)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(DecodeError::Truncated { what: "pack" }.into()) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::PackWriter;
    use super::*;

    fn pack() -> (Digest, Vec<u8>) {
        let mut writer = PackWriter::new(Vec::new()).unwrap();
        for plain in [b"first".to_vec(), vec![7; 5000]] {
            let mut compressor = crate::compress::ChunkCompressor::new().unwrap();
            let stored = compressor.compress(&plain).unwrap();
            let stored = stored.as_deref().unwrap_or(&plain);
            writer.append(Digest::of(&plain), plain.len() as u32, stored).unwrap();
        }
        let finished = writer.finish().unwrap();
        (finished.digest, finished.out)
    }

    #[test]
    fn a_written_pack_is_verified() {
        let (digest, bytes) = pack();
        assert_eq!(digest, Digest::of(&bytes));
        let summary = verify(Cursor::new(&bytes), &digest, &Limits::default()).unwrap();
        assert_eq!(summary.size, bytes.len() as u64);
        let lengths: Vec<_> = summary.chunks.iter().map(|c| (c.offset, c.length)).collect();
        assert_eq!(lengths, [(16, 5), (21, 5000)]);
        assert!(summary.chunks[1].stored_length < 100);
    }

    #[test]
    fn every_flipped_or_missing_byte_is_noticed() {
        let (digest, bytes) = pack();
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(verify(Cursor::new(&bad), &digest, &Limits::default()).is_err(), "byte {at}");
            assert!(verify(Cursor::new(&bytes[..at]), &digest, &Limits::default()).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_pack_with_a_chunk_that_lies_is_refused_even_under_its_own_digest() {
        let mut writer = PackWriter::new(Vec::new()).unwrap();
        writer.append(Digest::of(b"promised"), 5, b"given").unwrap();
        let pack = writer.finish().unwrap();
        let verified = verify(Cursor::new(&pack.out), &pack.digest, &Limits::default());
        assert!(matches!(verified, Err(PackError::Chunk { offset: 16, .. })));
    }
}
