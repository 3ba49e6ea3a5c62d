//! Slabs: buffers of a fixed size that carry plain bytes, their chunks and what those were compressed to through the threads.
//!
//! Everything that an ingest holds of a package is in slabs, and slabs are used again, so its memory depends on the number of
//! threads and not on the package, and no page is asked of the system twice.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use dray_model::Digest;

use super::KnownChunks;
use crate::chunker::{self, CHUNK_BYTES_MAX};
use crate::compress::ChunkCompressor;

/// Plain bytes of a slab: enough that handing it to another thread costs nothing beside compressing it, and that the tail which
/// is carried over to the next one (a chunk at most) is short.
pub(super) const SLAB_BYTES: usize = 1 << 20;

/// A run of plain bytes with the chunks in it.
pub(super) struct Slab {
    plain: Box<[u8]>,
    filled: usize,
    chunks: Vec<SlabChunk>,
    /// What was compressed, back to back.
    compressed: Box<[u8]>,
}

struct SlabChunk {
    plain: Range<usize>,
    digest: Option<Digest>,
    stored: Stored,
}

/// What goes into a pack for a chunk.
enum Stored {
    /// Not decided yet, or nothing: the chunk is known.
    Nothing,
    /// Its plain bytes.
    Plain,
    /// This range of what was compressed.
    Compressed(Range<usize>),
}

/// A chunk that is ready to be stored.
pub(super) struct Prepared<'a> {
    pub(super) digest: Digest,
    pub(super) length: u32,
    /// What goes into the pack; `None` for a chunk that is known.
    pub(super) stored: Option<&'a [u8]>,
}

impl Slab {
    fn new() -> Self {
        Self {
            // One byte more shows that a file is longer than it was.
            plain: vec![0; SLAB_BYTES + 1].into(),
            filled: 0,
            chunks: Vec::new(),
            compressed: vec![0; SLAB_BYTES + ChunkCompressor::bound(CHUNK_BYTES_MAX)].into(),
        }
    }

    /// The plain bytes that are filled.
    pub(super) fn plain(&self) -> &[u8] {
        &self.plain[..self.filled]
    }

    /// Appends at most `limit` bytes of `source`, fewer only at its end, and gives their range.
    pub(super) fn read(&mut self, source: &mut impl Read, limit: usize) -> io::Result<Range<usize>> {
        let start = self.filled;
        let end = (start + limit).min(self.plain.len());
        while self.filled < end {
            match source.read(&mut self.plain[self.filled..end]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(start..self.filled)
    }

    /// Appends `bytes`, for which there must be room.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.plain[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    /// Cuts `range` into chunks: all of it when it reaches to a file's end, else as far as that doesn't depend on bytes that are
    /// still to come. Gives where the rest begins.
    pub(super) fn cut(&mut self, range: Range<usize>, reaches_end: bool) -> usize {
        let mut at = range.start;
        while at < range.end && (reaches_end || range.end - at >= CHUNK_BYTES_MAX) {
            let end = at + chunker::cut(&self.plain[at..range.end]);
            self.chunks.push(SlabChunk { plain: at..end, digest: None, stored: Stored::Nothing });
            at = end;
        }
        at
    }

    /// Makes everything one chunk.
    pub(super) fn take_as_chunk(&mut self) {
        self.chunks.push(SlabChunk { plain: 0..self.filled, digest: None, stored: Stored::Nothing });
    }

    /// How many chunks there are.
    pub(super) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Notes the digest of a chunk that was computed for another reason already.
    pub(super) fn set_digest(&mut self, chunk: usize, digest: Digest) {
        self.chunks[chunk].digest = Some(digest);
    }

    /// The lengths of the chunks, in order.
    pub(super) fn chunk_lengths(&self) -> impl Iterator<Item = u32> {
        self.chunks.iter().map(|chunk| chunk.plain.len() as u32)
    }

    /// Hashes the chunks and compresses those that are not known.
    pub(super) fn prepare(&mut self, known: &KnownChunks, compressor: &mut ChunkCompressor) {
        let mut used = 0;
        for chunk in &mut self.chunks {
            let plain = &self.plain[chunk.plain.clone()];
            let digest = *chunk.digest.get_or_insert_with(|| Digest::of(plain));
            if known.has(&digest) {
                continue;
            }
            let length = compressor.compress_into(plain, &mut self.compressed[used..]).expect(
                "chunks compress to less than their bytes or are not kept, so there is room for the bound of one",
            );
            if length < plain.len() {
                chunk.stored = Stored::Compressed(used..used + length);
                used += length;
            } else {
                chunk.stored = Stored::Plain;
            }
        }
    }

    /// The chunks after [`Slab::prepare`].
    pub(super) fn prepared(&self) -> impl Iterator<Item = Prepared<'_>> {
        self.chunks.iter().map(|chunk| Prepared {
            digest: chunk.digest.expect("preparing gives every chunk a digest"),
            length: chunk.plain.len() as u32,
            stored: match &chunk.stored {
                Stored::Nothing => None,
                Stored::Plain => Some(&self.plain[chunk.plain.clone()]),
                Stored::Compressed(range) => Some(&self.compressed[range.clone()]),
            },
        })
    }
}

/// Slabs that wait to be used again.
#[derive(Default)]
pub(super) struct Pool(Mutex<Vec<Slab>>);

impl Pool {
    /// An empty slab.
    pub(super) fn take(&self) -> Slab {
        // The newest first: its bytes are still near the processor.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(Slab::new)
    }

    /// Keeps a slab that is no longer needed.
    pub(super) fn give_back(&self, mut slab: Slab) {
        slab.filled = 0;
        slab.chunks.clear();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(slab);
    }
}
