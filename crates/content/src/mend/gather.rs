//! Where the stored bytes of chunks come from: the damaged pack, or files whose manifests say that they hold the same bytes.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use dray_model::Digest;

use super::Source;
use crate::compress::{ChunkCompressor, Expander};
use crate::native;
use crate::pack::PackedChunk;

/// Places that are tried for a chunk that stands in many.
const PLACES_MAX: usize = 16;

/// Chunks, as far as they are available.
pub(super) struct Gather<'a> {
    damaged: Option<File>,
    sources: &'a [Source<'a>],
    /// By chunk: where pieces of it are.
    origins: HashMap<Digest, Vec<Origin>>,
    /// The content that was read last: chunks of one mostly follow each other.
    open: Option<(usize, Digest, File)>,
    expander: Expander,
    compressor: ChunkCompressor,
}

/// Where a run of a chunk's bytes is.
struct Origin {
    /// Which source.
    source: usize,
    /// In the chunk.
    from: u32,
    length: u32,
    content: Digest,
    /// In the content.
    at: u64,
}

impl<'a> Gather<'a> {
    pub(super) fn new(damaged: Option<File>, sources: &'a [Source<'a>], chunks: &[PackedChunk]) -> io::Result<Self> {
        let mut origins: HashMap<Digest, Vec<Origin>> = chunks.iter().map(|chunk| (chunk.digest, Vec::new())).collect();
        for (source, Source { manifest, .. }) in sources.iter().enumerate() {
            for (content, _) in manifest.tree().contents() {
                let mut at = 0;
                for piece in manifest.recipe(&content).into_iter().flatten() {
                    let chunk = manifest.chunks()[piece.chunk as usize].digest;
                    if let Some(found) = origins.get_mut(&chunk) {
                        found.push(Origin { source, from: piece.offset, length: piece.length, content, at });
                    }
                    at += u64::from(piece.length);
                }
            }
        }
        origins.values_mut().for_each(|found| found.sort_by_key(|origin| (origin.from, origin.source, origin.at)));
        let (expander, compressor) = (Expander::new()?, ChunkCompressor::new()?);
        Ok(Self { damaged, sources, origins, open: None, expander, compressor })
    }

    /// The chunk's bytes as they were stored; `None` when nothing gives them.
    pub(super) fn stored(&mut self, chunk: &PackedChunk) -> io::Result<Option<Vec<u8>>> {
        if let Some(stored) = self.left(chunk) {
            return Ok(Some(stored));
        }
        let Some(plain) = self.plain(chunk) else { return Ok(None) };
        if chunk.stored_length == chunk.length {
            return Ok(Some(plain));
        }
        let stored = self.compressor.compress(&plain)?;
        Ok(stored.filter(|stored| stored.len() as u64 == u64::from(chunk.stored_length)))
    }

    /// What is left of it in the damaged pack.
    fn left(&mut self, chunk: &PackedChunk) -> Option<Vec<u8>> {
        let mut stored = vec![0; chunk.stored_length as usize];
        native::read_exact_at(self.damaged.as_ref()?, chunk.offset, &mut stored).ok()?;
        let mut plain = vec![0; chunk.length as usize];
        let expanded = self.expander.expand(&stored, &mut plain);
        (expanded.is_ok() && Digest::of(&plain) == chunk.digest).then_some(stored)
    }

    /// Its plain bytes from files: from each that holds all of it, then from several of one source, as with small files that share
    /// a chunk.
    fn plain(&mut self, chunk: &PackedChunk) -> Option<Vec<u8>> {
        let origins = self.origins.remove(&chunk.digest)?;
        let holds_all = |origin: &&Origin| origin.from == 0 && origin.length == chunk.length;
        let alone = origins.iter().filter(holds_all).take(PLACES_MAX).map(|origin| vec![origin]);
        let together = (0..self.sources.len()).map(|source| origins.iter().filter(|o| o.source == source).collect());
        let attempts: Vec<Vec<&Origin>> = alone.chain(together).collect();
        let found = attempts.iter().find_map(|attempt| self.put_together(chunk, attempt));
        self.origins.insert(chunk.digest, origins);
        found
    }

    fn put_together(&mut self, chunk: &PackedChunk, origins: &[&Origin]) -> Option<Vec<u8>> {
        let mut plain: Vec<u8> = Vec::with_capacity(chunk.length as usize);
        for origin in origins {
            let (have, end) = (plain.len() as u32, origin.from.saturating_add(origin.length));
            if origin.from <= have && have < end {
                let start = plain.len();
                plain.resize(end as usize, 0);
                self.read(origin, u64::from(have - origin.from), &mut plain[start..]).ok()?;
            }
        }
        let is_whole = plain.len() == chunk.length as usize && Digest::of(&plain) == chunk.digest;
        is_whole.then_some(plain)
    }

    fn read(&mut self, origin: &Origin, skip: u64, out: &mut [u8]) -> io::Result<()> {
        let file = match &mut self.open {
            Some((source, content, file)) if (*source, *content) == (origin.source, origin.content) => file,
            other => {
                let file = self.sources[origin.source].contents.open(&origin.content)?;
                &mut other.insert((origin.source, origin.content, file)).2
            }
        };
        native::read_exact_at(file, origin.at + skip, out)
    }
}
