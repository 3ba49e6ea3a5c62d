//! One pack, put together from the chunks of contents that are at hand.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::PathBuf;

use dray_model::Digest;

use super::{RebuildError, Scratch, failed};
use crate::compress::ChunkCompressor;
use crate::manifest::{Chunk, Manifest, PackInfo};
use crate::pack;

/// A pack as far as it could be put together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Ranges that have no bytes yet, ascending: they are to be fetched. When there is none, the pack is ready to be hashed.
    pub holes: Vec<Range<u64>>,
    /// Bytes that were put together.
    pub bytes: u64,
}

/// Where a run of a chunk's bytes is.
struct Origin {
    /// In the chunk.
    from: u32,
    length: u32,
    content: Digest,
    /// In the content.
    at: u64,
}

impl Scratch {
    /// Writes to `out`, from its beginning, what is available of a pack of `manifest`. Header, index and footer always can.
    ///
    /// # Errors
    /// When the manifest doesn't list everything in the pack, or something can't be read or written.
    pub fn write_pack(&self, manifest: &Manifest, pack: &PackInfo, out: &mut File) -> Result<Written, RebuildError> {
        let chunks = listed(manifest, pack)?;
        let origins = self.origins(manifest, &chunks);
        let mut builder = Builder { scratch: self, open: None, compressor: None };
        let write = |error| failed(&PathBuf::from(pack.digest.to_string()), error);
        let mut written = Written::default();
        let mut index = Vec::with_capacity(chunks.len() * pack::INDEX_ENTRY_BYTES as usize);
        out.seek(SeekFrom::Start(0)).and_then(|_| out.write_all(&pack::header())).map_err(write)?;
        for (number, chunk) in &chunks {
            let stored = builder.stored(chunk, origins.get(number).map_or(&[], Vec::as_slice))?;
            if let Some(stored) = stored {
                out.seek(SeekFrom::Start(chunk.offset)).and_then(|_| out.write_all(&stored)).map_err(write)?;
                written.bytes += stored.len() as u64;
            } else {
                add_hole(&mut written.holes, chunk.offset..chunk.end());
            }
            pack::put_index_entry(&mut index, &chunk.digest, chunk.stored_length, chunk.length);
        }
        let trailer = pack::trailer(&index, chunks.len() as u64);
        out.seek(SeekFrom::Start(pack.size - trailer.len() as u64)).map_err(write)?;
        out.write_all(&trailer).and_then(|()| out.set_len(pack.size)).map_err(write)?;
        Ok(written)
    }

    /// For each of the chunks where its bytes are in contents at hand, ascending.
    fn origins(&self, manifest: &Manifest, chunks: &[(u32, Chunk)]) -> HashMap<u32, Vec<Origin>> {
        let mut origins: HashMap<u32, Vec<Origin>> = chunks.iter().map(|(number, _)| (*number, Vec::new())).collect();
        for content in self.contents.keys() {
            let mut at = 0;
            for piece in manifest.recipe(content).into_iter().flatten() {
                if let Some(found) = origins.get_mut(&piece.chunk) {
                    found.push(Origin { from: piece.offset, length: piece.length, content: *content, at });
                }
                at += u64::from(piece.length);
            }
        }
        origins.values_mut().for_each(|found| found.sort_by_key(|origin| (origin.from, origin.content, origin.at)));
        origins
    }
}

/// The chunks of a pack in their order there, when they are all that is in it.
fn listed(manifest: &Manifest, pack: &PackInfo) -> Result<Vec<(u32, Chunk)>, RebuildError> {
    let of_pack = |chunk: &Chunk| manifest.pack_of(chunk).digest == pack.digest;
    let numbered = manifest.chunks().iter().enumerate().map(|(number, chunk)| (number as u32, *chunk));
    let mut chunks: Vec<_> = numbered.filter(|(_, chunk)| of_pack(chunk)).collect();
    chunks.sort_unstable_by_key(|(_, chunk)| chunk.offset);
    let mut end = pack::HEADER_BYTES;
    for (_, chunk) in &chunks {
        if chunk.offset != end {
            return Err(RebuildError::Unlisted(pack.digest));
        }
        end = chunk.end();
    }
    let is_all = end.checked_add(pack::trailer_bytes(chunks.len() as u64)) == Some(pack.size);
    if is_all { Ok(chunks) } else { Err(RebuildError::Unlisted(pack.digest)) }
}

fn add_hole(holes: &mut Vec<Range<u64>>, hole: Range<u64>) {
    match holes.last_mut() {
        Some(last) if last.end == hole.start => last.end = hole.end,
        _ => holes.push(hole),
    }
}

/// Makes chunks as they are stored.
struct Builder<'a> {
    scratch: &'a Scratch,
    /// The content that was read last: chunks of one mostly follow each other.
    open: Option<(Digest, File)>,
    compressor: Option<ChunkCompressor>,
}

impl Builder<'_> {
    /// The chunk's stored bytes; `None` when its bytes are not at hand or compress to another length than they once did.
    fn stored(&mut self, chunk: &Chunk, origins: &[Origin]) -> Result<Option<Vec<u8>>, RebuildError> {
        let Some(plain) = self.plain(chunk, origins)? else { return Ok(None) };
        if !chunk.is_compressed() {
            return Ok(Some(plain));
        }
        if self.compressor.is_none() {
            let made = ChunkCompressor::new().map_err(|error| failed(&self.scratch.folder, error))?;
            self.compressor = Some(made);
        }
        let compressor = self.compressor.as_mut().expect("it was made just now");
        let stored = compressor.compress(&plain).map_err(|error| failed(&self.scratch.folder, error))?;
        Ok(stored.filter(|stored| stored.len() as u64 == u64::from(chunk.stored_length)))
    }

    fn plain(&mut self, chunk: &Chunk, origins: &[Origin]) -> Result<Option<Vec<u8>>, RebuildError> {
        let mut plain: Vec<u8> = Vec::with_capacity(chunk.length as usize);
        for origin in origins {
            let (have, end) = (plain.len() as u32, origin.from + origin.length);
            if origin.from > have {
                return Ok(None);
            }
            if end > have {
                let skip = have - origin.from;
                self.read(&origin.content, origin.at + u64::from(skip), end - have, &mut plain)?;
            }
        }
        let is_whole = plain.len() == chunk.length as usize && Digest::of(&plain) == chunk.digest;
        Ok(is_whole.then_some(plain))
    }

    fn read(&mut self, content: &Digest, at: u64, length: u32, out: &mut Vec<u8>) -> Result<(), RebuildError> {
        let path = self.scratch.path(content);
        let mut read = || -> io::Result<()> {
            let file = match &mut self.open {
                Some((open, file)) if open == content => file,
                other => &mut other.insert((*content, File::open(&path)?)).1,
            };
            file.seek(SeekFrom::Start(at))?;
            file.take(length.into()).read_to_end(out)?;
            Ok(())
        };
        read().map_err(|error| failed(&path, error))
    }
}
