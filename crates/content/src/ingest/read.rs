//! The readers: each takes the next job in path order, hashes and cuts its files, and notices when one changes meanwhile.
//!
//! Slabs are prepared where they are read, except those of a long file for which a worker has time, so that one file keeps all
//! processors busy.

use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use dray_model::Digest;

use super::hands::Hands;
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
    /// Takes a slab only from hand to hand: when a worker waits for it.
    pub(super) tasks: SyncSender<Task>,
    pub(super) hands: &'a Hands,
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
        self.hands.work(|| self.take_jobs(jobs, &mut compressor));
    }

    fn take_jobs(&self, jobs: &Mutex<Jobs<'_>>, compressor: &mut ChunkCompressor) {
        loop {
            let next = self.hands.rest(|| jobs.lock().expect("taking a job doesn't panic").next());
            let Some((job, lane)) = next else { return };
            let read = match job[..] {
                [file] if file.is_long() => self.read_long(file, &lane, compressor).map(FromReader::End),
                _ => self.read_run(job, compressor).map_err(Stop::Failed),
            };
            let last = match read {
                Ok(last) => last,
                Err(Stop::Failed(error)) => FromReader::Failed(error),
                Err(Stop::Stopped) => return,
            };
            if self.hands.rest(|| lane.send(last)).is_err() {
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

    fn read_long(
        &self,
        file: FileToRead<'_>,
        lane: &SyncSender<FromReader>,
        compressor: &mut ChunkCompressor,
    ) -> Result<Digest, Stop> {
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
                self.send(slab, lane, compressor)?;
                source.check_unchanged(hasher.count())?;
                return Ok(hasher.finalize().into());
            }
            let mut next = self.pool.take();
            next.append(&slab.plain()[rest..]);
            self.send(slab, lane, compressor)?;
            slab = next;
        }
    }

    /// Tells the writer of a slab's chunks, for which it may wait, and prepares them unless a worker has time.
    fn send(&self, slab: Slab, lane: &SyncSender<FromReader>, compressor: &mut ChunkCompressor) -> Result<(), Stop> {
        let (reply, prepared) = sync_channel(1);
        let told = FromReader::Slab(slab.chunk_lengths().collect(), prepared);
        self.hands.rest(|| lane.send(told)).map_err(|_| Stop::Stopped)?;
        let mut task = Task { slab, reply };
        if self.hands.are_wanted() {
            task = match self.tasks.try_send(task) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(task)) => task,
                Err(TrySendError::Disconnected(_)) => return Err(Stop::Stopped),
            };
        }
        task.slab.prepare(self.known, compressor);
        // Nobody listens when the ingest has failed elsewhere; the next word to the writer tells that.
        let _ = task.reply.send(task.slab);
        Ok(())
    }
}
