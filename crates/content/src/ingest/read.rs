//! The readers: each takes the next job in path order, hashes and cuts its files, and notices when one changes meanwhile.
//!
//! Runs of short files are prepared where they are read; the slabs of a long file go to the workers, so that one file keeps all
//! processors busy.

use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};

use dray_model::Digest;

use super::job::{FileToRead, FromReader, Job, Jobs, RunBytes, RunFile};
use super::open::OpenSource;
use super::prepare::Task;
use super::slab::{Pool, SLAB_BYTES, Slab};
use super::{KnownChunks, SMALL_BYTES};
use crate::compress::ChunkCompressor;
use crate::scan::SourceError;

/// What a reader works with.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Path,
    pub(super) known: &'a KnownChunks,
    pub(super) pool: &'a Pool,
    pub(super) tasks: SyncSender<Task>,
}

/// Why a reader doesn't finish its job.
enum Stop {
    /// A file can't be packaged.
    Failed(SourceError),
    /// The writer has stopped listening.
    Stopped,
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

impl Reader<'_> {
    /// Takes jobs until none is left or the writer stops.
    pub(super) fn work(&self, jobs: &Mutex<Jobs<'_>>) {
        let mut compressor = ChunkCompressor::new().expect("zstd has memory for a context");
        loop {
            let next = jobs.lock().expect("taking a job does not panic").next();
            let Some((job, lane)) = next else { return };
            let read = match job[..] {
                [file] if file.is_long() => self.read_long(file, &lane).map(FromReader::End),
                _ => self.read_run(job, &mut compressor).map_err(Stop::Failed),
            };
            let told = match read {
                Ok(last) => lane.send(last),
                Err(Stop::Failed(error)) => lane.send(FromReader::Failed(error)),
                Err(Stop::Stopped) => return,
            };
            if told.is_err() {
                return;
            }
        }
    }

    fn read_run(&self, job: &Job<'_>, compressor: &mut ChunkCompressor) -> Result<FromReader, SourceError> {
        let mut slab = self.pool.take();
        let files: Result<_, _> = job.iter().map(|file| self.read_short(*file, &mut slab)).collect();
        let files = files?;
        slab.prepare(self.known, compressor);
        Ok(FromReader::Run(files, slab))
    }

    fn read_short(&self, file: FileToRead<'_>, slab: &mut Slab) -> Result<RunFile, SourceError> {
        if let Some(digest) = file.known {
            return Ok(RunFile { digest, bytes: RunBytes::Known });
        }
        let source = OpenSource::open(self.source, file)?;
        // One byte more than expected is enough to see that a file grows.
        let limit = file.seen.size() as usize + 1;
        let range = slab.read(&mut &source.file, limit).map_err(|error| source.unreadable(error))?;
        source.check_unchanged(range.len() as u64)?;
        let digest = Digest::of(&slab.plain()[range.clone()]);
        if file.seen.size() < SMALL_BYTES {
            return Ok(RunFile { digest, bytes: RunBytes::Small(range) });
        }
        let first = slab.chunk_count();
        slab.cut(range, true);
        let chunks = first..slab.chunk_count();
        if chunks.len() == 1 {
            slab.set_digest(first, digest);
        }
        Ok(RunFile { digest, bytes: RunBytes::Chunks(chunks) })
    }

    fn read_long(&self, file: FileToRead<'_>, lane: &SyncSender<FromReader>) -> Result<Digest, Stop> {
        let source = OpenSource::open(self.source, file)?;
        let mut bytes = (&source.file).take(file.seen.size() + 1);
        let mut hasher = blake3::Hasher::new();
        let mut slab = self.pool.take();
        loop {
            let room = SLAB_BYTES - slab.plain().len();
            let read = slab.read(&mut bytes, room).map_err(|error| source.unreadable(error))?;
            let is_last = read.len() < room;
            let rest = slab.cut(0..slab.plain().len(), is_last);
            hasher.update(&slab.plain()[..rest]);
            if is_last {
                self.send(slab, lane)?;
                source.check_unchanged(hasher.count())?;
                return Ok(hasher.finalize().into());
            }
            let mut next = self.pool.take();
            next.append(&slab.plain()[rest..]);
            self.send(slab, lane)?;
            slab = next;
        }
    }

    /// Tells the writer of a slab's chunks and gives them to the workers. May wait for either.
    fn send(&self, slab: Slab, lane: &SyncSender<FromReader>) -> Result<(), Stop> {
        let (reply, prepared) = sync_channel(1);
        let told = FromReader::Slab(slab.chunk_lengths().collect(), prepared);
        lane.send(told).map_err(|_| Stop::Stopped)?;
        self.tasks.send(Task { slab, reply }).map_err(|_| Stop::Stopped)
    }
}
