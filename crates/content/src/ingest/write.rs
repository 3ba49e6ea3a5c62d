//! The writer: takes results in path order, groups small files, fills packs, and notes where every piece went.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::sync::mpsc::{Receiver, SyncSender};

use dray_model::Digest;

use super::prepare::{Prepared, Task};
use super::read::{FromFile, Job};
use super::staging::Staging;
use super::{GROUP_BYTES, IngestError, KnownChunks, Options, StagedPack};
use crate::manifest::{Chunk, PackInfo, Piece, Recipe};
use crate::pack::PackWriter;
use crate::progress::Progress;

/// Everything that was written.
pub(super) struct Written {
    /// The files' digests in path order.
    pub(super) digests: Vec<Digest>,
    pub(super) packs: Vec<StagedPack>,
    pub(super) pack_infos: Vec<PackInfo>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) recipes: Vec<Recipe>,
    pub(super) new_bytes: u64,
}

pub(super) fn write(
    files: &[Job<'_>],
    lanes: &Receiver<Receiver<FromFile>>,
    tasks: SyncSender<Task>,
    staging: &Staging,
    known: &KnownChunks,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Written, IngestError> {
    let mut writer = Writer {
        tasks,
        waiting_max: 2 * options.threads.get(),
        waiting: VecDeque::new(),
        slots: Vec::new(),
        group: Group::default(),
        recipes: HashMap::new(),
        store: Store::new(staging, known, options.pack_bytes_max),
    };
    let mut digests = Vec::with_capacity(files.len());
    for _ in files {
        let lane = lanes.recv().expect("the readers announce a lane for every file");
        digests.push(writer.take_file(&lane, progress)?);
        progress.advance(1, 0);
    }
    writer.finish(digests)
}

/// The number of a chunk of this ingest before it is known which chunk it turns out to be.
type Slot = u32;

struct Writer<'a> {
    tasks: SyncSender<Task>,
    waiting_max: usize,
    /// Chunks in order that were handed to workers but not yet stored.
    waiting: VecDeque<(Slot, Receiver<Prepared>)>,
    /// The chunk that each slot turned out to be.
    slots: Vec<Option<u32>>,
    group: Group,
    /// For each content its pieces, with slots in place of chunks.
    recipes: HashMap<Digest, Vec<Piece>>,
    store: Store<'a>,
}

/// Small files that will share a chunk.
#[derive(Default)]
struct Group {
    slot: Slot,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn take_file(&mut self, lane: &Receiver<FromFile>, progress: &dyn Progress) -> Result<Digest, IngestError> {
        let mut pieces = Vec::new();
        loop {
            if progress.is_cancelled() {
                return Err(IngestError::Cancelled);
            }
            match lane.recv().expect("a reader ends every lane") {
                FromFile::Chunk(result, length) => {
                    let slot = self.new_slot(None);
                    pieces.push(Piece { chunk: slot, offset: 0, length });
                    self.wait_for(slot, result)?;
                    progress.advance(0, length.into());
                }
                FromFile::Small(digest, bytes) => {
                    progress.advance(0, bytes.len() as u64);
                    self.take_small(digest, &bytes)?;
                }
                FromFile::End(digest) => {
                    if !pieces.is_empty() {
                        self.recipes.insert(digest, pieces);
                    }
                    return Ok(digest);
                }
                FromFile::Failed(error) => return Err(error.into()),
            }
        }
    }

    fn take_small(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), IngestError> {
        if self.recipes.contains_key(&digest) {
            return Ok(());
        }
        let known = self.store.known;
        if let Some(pieces) = known.small_file(&digest) {
            let pieces = pieces.iter().map(|piece| {
                let chunk = self.store.known_chunk(&piece.chunk);
                self.slots.push(Some(chunk));
                Piece { chunk: self.slots.len() as u32 - 1, offset: piece.offset, length: piece.length }
            });
            let pieces = pieces.collect();
            self.recipes.insert(digest, pieces);
            return Ok(());
        }
        if self.group.bytes.len() + bytes.len() > GROUP_BYTES {
            self.close_group()?;
        }
        if self.group.bytes.is_empty() {
            self.group.slot = self.new_slot(None);
        }
        let offset = self.group.bytes.len() as u32;
        self.group.bytes.extend_from_slice(bytes);
        self.recipes.insert(digest, vec![Piece { chunk: self.group.slot, offset, length: bytes.len() as u32 }]);
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), IngestError> {
        let group = std::mem::take(&mut self.group);
        if group.bytes.is_empty() {
            return Ok(());
        }
        let (task, result) = Task::new(group.bytes);
        self.tasks.send(task).expect("the workers listen as long as there are senders");
        self.wait_for(group.slot, result)
    }

    fn new_slot(&mut self, chunk: Option<u32>) -> Slot {
        self.slots.push(chunk);
        self.slots.len() as u32 - 1
    }

    fn wait_for(&mut self, slot: Slot, result: Receiver<Prepared>) -> Result<(), IngestError> {
        self.waiting.push_back((slot, result));
        if self.waiting.len() > self.waiting_max { self.store_next() } else { Ok(()) }
    }

    fn store_next(&mut self) -> Result<(), IngestError> {
        let Some((slot, result)) = self.waiting.pop_front() else { return Ok(()) };
        let prepared = result.recv().expect("the workers answer every task");
        self.slots[slot as usize] = Some(self.store.add(prepared)?);
        Ok(())
    }

    fn finish(mut self, digests: Vec<Digest>) -> Result<Written, IngestError> {
        self.close_group()?;
        while !self.waiting.is_empty() {
            self.store_next()?;
        }
        self.store.close_pack()?;
        let slots = &self.slots;
        let resolve = |piece: Piece| {
            let chunk = slots[piece.chunk as usize].expect("every slot is resolved once nothing waits");
            Piece { chunk, ..piece }
        };
        let recipes = self
            .recipes
            .into_iter()
            .map(|(content, pieces)| Recipe { content, pieces: pieces.into_iter().map(resolve).collect() });
        let Store { packs, pack_infos, chunks, new_bytes, .. } = self.store;
        Ok(Written { digests, packs, pack_infos, chunks, recipes: recipes.collect(), new_bytes })
    }
}

/// Chunks by digest, and the packs that new ones go to.
struct Store<'a> {
    staging: &'a Staging,
    known: &'a KnownChunks,
    pack_bytes_max: u64,
    open: Option<OpenPack>,
    packs: Vec<StagedPack>,
    pack_infos: Vec<PackInfo>,
    pack_numbers: HashMap<Digest, u32>,
    chunks: Vec<Chunk>,
    chunk_numbers: HashMap<Digest, u32>,
    new_bytes: u64,
}

struct OpenPack {
    writer: PackWriter<File>,
    number: u32,
}

impl<'a> Store<'a> {
    fn new(staging: &'a Staging, known: &'a KnownChunks, pack_bytes_max: u64) -> Self {
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
    fn add(&mut self, prepared: Prepared) -> Result<u32, IngestError> {
        if let Some(number) = self.chunk_numbers.get(&prepared.digest) {
            return Ok(*number);
        }
        let Some(stored) = prepared.stored else { return Ok(self.known_chunk(&prepared.digest)) };
        let mut open = self.pack_for(stored.len() as u64)?;
        let placed = open.writer.append(prepared.digest, prepared.length, &stored);
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

    /// The number of a chunk that an earlier manifest names.
    fn known_chunk(&mut self, digest: &Digest) -> u32 {
        if let Some(number) = self.chunk_numbers.get(digest) {
            return *number;
        }
        let (chunk, pack) = *self.known.chunk(digest).expect("only known chunks are asked for");
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

    fn close_pack(&mut self) -> Result<(), IngestError> {
        let Some(OpenPack { writer, number }) = self.open.take() else { return Ok(()) };
        let finished = writer.finish().map_err(|error| self.staging.pack_error(error))?;
        let staged = self.staging.name_pack(&finished)?;
        self.pack_infos[number as usize] = PackInfo { digest: staged.digest, size: staged.size };
        self.packs.push(staged);
        Ok(())
    }
}
