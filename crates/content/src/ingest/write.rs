//! The writer: takes results in path order, groups small files, and notes where every piece went.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dray_model::Digest;

use super::job::{FromReader, Job, RunBytes, RunFile};
use super::prepare::Task;
use super::slab::{Pool, Slab};
use super::staging::Staging;
use super::store::Store;
use super::{GROUP_BYTES, IngestError, KnownChunks, Options, StagedPack};
use crate::manifest::{Chunk, PackInfo, Piece, Recipe};
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

/// What the writer hears from and works with.
pub(super) struct Sources<'a> {
    pub(super) lanes: Receiver<Receiver<FromReader>>,
    pub(super) tasks: SyncSender<Task>,
    pub(super) pool: &'a Pool,
}

pub(super) fn write(
    jobs: &[Job<'_>],
    sources: Sources<'_>,
    staging: &Staging,
    known: &KnownChunks,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Written, IngestError> {
    let mut writer = Writer {
        tasks: sources.tasks,
        pool: sources.pool,
        progress,
        waiting_max: 2 * options.threads.get(),
        waiting: VecDeque::new(),
        slots: Vec::new(),
        group: None,
        recipes: HashMap::new(),
        digests: Vec::new(),
        store: Store::new(staging, known, options.pack_bytes_max),
    };
    for job in jobs {
        let lane = sources.lanes.recv().expect("the readers announce a lane for every job");
        writer.take_job(job, &lane)?;
    }
    writer.finish()
}

/// The number of a chunk of this ingest before it is known which chunk it turns out to be.
type Slot = u32;

struct Writer<'a> {
    tasks: SyncSender<Task>,
    pool: &'a Pool,
    progress: &'a dyn Progress,
    waiting_max: usize,
    /// Slabs in order whose chunks are not yet stored, with the slot of the first.
    waiting: VecDeque<(Slot, Waiting)>,
    /// The chunk that each slot turned out to be.
    slots: Vec<Option<u32>>,
    group: Option<Group>,
    /// For each content its pieces, with slots in place of chunks.
    recipes: HashMap<Digest, Vec<Piece>>,
    digests: Vec<Digest>,
    store: Store<'a>,
}

enum Waiting {
    Prepared(Slab),
    AtWorker(Receiver<Slab>),
}

/// Small files that will share a chunk.
struct Group {
    slot: Slot,
    slab: Slab,
}

impl Writer<'_> {
    fn take_job(&mut self, job: &Job<'_>, lane: &Receiver<FromReader>) -> Result<(), IngestError> {
        let mut pieces = Vec::new();
        loop {
            if self.progress.is_cancelled() {
                return Err(IngestError::Cancelled);
            }
            match lane.recv().expect("a reader ends every lane") {
                FromReader::Run(files, slab) => return self.take_run(job, &files, slab),
                FromReader::Slab(lengths, prepared) => {
                    self.progress.advance(0, lengths.iter().map(|length| u64::from(*length)).sum());
                    let first = self.new_slots(lengths.len());
                    pieces.extend(whole_chunks(first, &lengths));
                    self.wait_for(first, Waiting::AtWorker(prepared))?;
                }
                FromReader::End(digest) => {
                    self.note_file(digest, pieces);
                    return Ok(());
                }
                FromReader::Failed(error) => return Err(error.into()),
            }
        }
    }

    fn take_run(&mut self, job: &Job<'_>, files: &[RunFile], slab: Slab) -> Result<(), IngestError> {
        let lengths: Vec<u32> = slab.chunk_lengths().collect();
        let first = self.new_slots(lengths.len());
        for (file, found) in files.iter().zip(job) {
            match &file.bytes {
                RunBytes::Small(range) => {
                    self.progress.advance(0, range.len() as u64);
                    self.take_small(file.digest, &slab.plain()[range.clone()])?;
                    self.note_file(file.digest, Vec::new());
                }
                RunBytes::Chunks(chunks) => {
                    let lengths = &lengths[chunks.clone()];
                    self.progress.advance(0, lengths.iter().map(|length| u64::from(*length)).sum());
                    self.note_file(file.digest, whole_chunks(first + chunks.start as u32, lengths).collect());
                }
                RunBytes::Known => {
                    self.progress.advance(0, found.seen.size());
                    self.take_known(&file.digest);
                    self.note_file(file.digest, Vec::new());
                }
            }
        }
        if lengths.is_empty() {
            self.pool.give_back(slab);
            return Ok(());
        }
        self.wait_for(first, Waiting::Prepared(slab))
    }

    /// Notes the next file; one whose pieces are noted elsewhere has none here.
    fn note_file(&mut self, digest: Digest, pieces: Vec<Piece>) {
        if !pieces.is_empty() {
            self.recipes.insert(digest, pieces);
        }
        self.digests.push(digest);
        self.progress.advance(1, 0);
    }

    fn take_small(&mut self, digest: Digest, bytes: &[u8]) -> Result<(), IngestError> {
        if bytes.is_empty() || self.recipes.contains_key(&digest) {
            return Ok(());
        }
        if self.take_known(&digest) {
            return Ok(());
        }
        if self.group.as_ref().is_some_and(|group| group.slab.plain().len() + bytes.len() > GROUP_BYTES) {
            self.close_group()?;
        }
        let group = match &mut self.group {
            Some(group) => group,
            None => {
                let slot = self.new_slots(1);
                self.group.insert(Group { slot, slab: self.pool.take() })
            }
        };
        let offset = group.slab.plain().len() as u32;
        group.slab.append(bytes);
        self.recipes.insert(digest, vec![Piece { chunk: group.slot, offset, length: bytes.len() as u32 }]);
        Ok(())
    }

    /// Takes a file from where earlier versions have it; false when none of them has it.
    fn take_known(&mut self, digest: &Digest) -> bool {
        let known = self.store.known;
        let Some(pieces) = known.file(digest) else { return false };
        if self.recipes.contains_key(digest) {
            return true;
        }
        let pieces = pieces.iter().map(|piece| {
            self.slots.push(Some(self.store.known_chunk(piece.chunk)));
            Piece { chunk: self.slots.len() as u32 - 1, offset: piece.offset, length: piece.length }
        });
        let pieces = pieces.collect();
        self.recipes.insert(*digest, pieces);
        true
    }

    fn close_group(&mut self) -> Result<(), IngestError> {
        let Some(Group { slot, mut slab }) = self.group.take() else { return Ok(()) };
        slab.take_as_chunk();
        let (reply, prepared) = sync_channel(1);
        self.tasks.send(Task { slab, reply }).expect("the workers listen as long as there are senders");
        self.wait_for(slot, Waiting::AtWorker(prepared))
    }

    fn new_slots(&mut self, count: usize) -> Slot {
        let first = self.slots.len();
        self.slots.resize(first + count, None);
        first as u32
    }

    fn wait_for(&mut self, first: Slot, slab: Waiting) -> Result<(), IngestError> {
        self.waiting.push_back((first, slab));
        if self.waiting.len() > self.waiting_max { self.store_next() } else { Ok(()) }
    }

    fn store_next(&mut self) -> Result<(), IngestError> {
        let Some((first, waiting)) = self.waiting.pop_front() else { return Ok(()) };
        let slab = match waiting {
            Waiting::Prepared(slab) => slab,
            Waiting::AtWorker(prepared) => prepared.recv().expect("the workers answer every task"),
        };
        for (slot, prepared) in (first as usize..).zip(slab.prepared()) {
            self.slots[slot] = Some(self.store.add(&prepared)?);
        }
        self.pool.give_back(slab);
        Ok(())
    }

    fn finish(mut self) -> Result<Written, IngestError> {
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
        Ok(Written { digests: self.digests, packs, pack_infos, chunks, recipes: recipes.collect(), new_bytes })
    }
}

fn whole_chunks(first: Slot, lengths: &[u32]) -> impl Iterator<Item = Piece> {
    (first..).zip(lengths).map(|(chunk, length)| Piece { chunk, offset: 0, length: *length })
}
