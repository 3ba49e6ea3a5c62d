//! Where chunks go: into packs when they are new, nowhere when an earlier version stored them.

use std::collections::HashMap;
use std::fs::File;

use dray_model::Digest;

use super::slab::Prepared;
use super::staging::Staging;
use super::{IngestError, KnownChunks, StagedPack};
use crate::manifest::{Chunk, PackInfo};
use crate::pack::PackWriter;

/// Chunks by digest, and the packs that new ones go to.
pub(super) struct Store<'a> {
    staging: &'a Staging,
    pub(super) known: &'a KnownChunks,
    pack_bytes_max: u64,
    open: Option<OpenPack>,
    pub(super) packs: Vec<StagedPack>,
    pub(super) pack_infos: Vec<PackInfo>,
    pack_numbers: HashMap<Digest, u32>,
    pub(super) chunks: Vec<Chunk>,
    chunk_numbers: HashMap<Digest, u32>,
    pub(super) new_bytes: u64,
}

struct OpenPack {
    writer: PackWriter<File>,
    number: u32,
}

impl<'a> Store<'a> {
    pub(super) fn new(staging: &'a Staging, known: &'a KnownChunks, pack_bytes_max: u64) -> Self {
        Self {
            staging,
            known,
            pack_bytes_max,
            open: None,
            packs: Vec::new(),
            pack_infos: Vec::new(),
            pack_numbers: HashMap::new(),
            chunks: Vec::new(),
            chunk_numbers: HashMap::new(),
            new_bytes: 0,
        }
    }

    /// Stores a chunk unless it is there, and gives its number.
    pub(super) fn add(&mut self, prepared: &Prepared<'_>) -> Result<u32, IngestError> {
        if let Some(number) = self.chunk_numbers.get(&prepared.digest) {
            return Ok(*number);
        }
        let Some(stored) = prepared.stored else {
            return Ok(
                self.known_chunk(self.known.number(&prepared.digest).expect("only known chunks need no storing"))
            );
        };
        let mut open = self.pack_for(stored.len() as u64)?;
        let placed = open.writer.append(prepared.digest, prepared.length, stored);
        let placed = placed.map_err(|error| self.staging.pack_error(error))?;
        let pack = open.number;
        self.open = Some(open);
        self.new_bytes += u64::from(prepared.length);
        let chunk = Chunk {
            digest: placed.digest,
            length: placed.length,
            pack,
            offset: placed.offset,
            stored_length: placed.stored_length,
        };
        Ok(self.push(chunk))
    }

    /// The number of a chunk that an earlier manifest names, given by its number among the known ones.
    pub(super) fn known_chunk(&mut self, known: u32) -> u32 {
        let (chunk, pack) = self.known.chunk(known);
        if let Some(number) = self.chunk_numbers.get(&chunk.digest) {
            return *number;
        }
        let next = self.pack_infos.len() as u32;
        let number = *self.pack_numbers.entry(pack.digest).or_insert(next);
        if number == next {
            self.pack_infos.push(pack);
        }
        self.push(Chunk { pack: number, ..chunk })
    }

    fn push(&mut self, chunk: Chunk) -> u32 {
        let number = self.chunks.len() as u32;
        self.chunk_numbers.insert(chunk.digest, number);
        self.chunks.push(chunk);
        number
    }

    /// A pack with space for `stored` more bytes.
    fn pack_for(&mut self, stored: u64) -> Result<OpenPack, IngestError> {
        let fits = |open: &OpenPack| open.writer.is_empty() || open.writer.size_with(stored) <= self.pack_bytes_max;
        if self.open.as_ref().is_some_and(|open| !fits(open)) {
            self.close_pack()?;
        }
        if let Some(open) = self.open.take() {
            return Ok(open);
        }
        let file = self.staging.open_pack()?;
        let writer = PackWriter::new(file).map_err(|error| self.staging.pack_error(error))?;
        let number = self.pack_infos.len() as u32;
        // The name is known when the pack is finished; until then the number stands for it.
        self.pack_infos.push(PackInfo { digest: Digest::of(&number.to_le_bytes()), size: 0 });
        Ok(OpenPack { writer, number })
    }

    pub(super) fn close_pack(&mut self) -> Result<(), IngestError> {
        let Some(OpenPack { writer, number }) = self.open.take() else { return Ok(()) };
        let finished = writer.finish().map_err(|error| self.staging.pack_error(error))?;
        let staged = self.staging.name_pack(&finished)?;
        self.pack_infos[number as usize] = PackInfo { digest: staged.digest, size: staged.size };
        self.packs.push(staged);
        Ok(())
    }
}
