//! The readers: each takes the next file in path order, hashes it, cuts it, and notices when it changes meanwhile.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dray_model::Digest;

use super::SMALL_BYTES;
use super::prepare::{Prepared, Task};
use crate::chunker::Chunker;
use crate::path::TreePath;
use crate::scan::{Seen, SourceError, unreadable};

/// Chunks of one file that may wait for the writer: with 256 KiB each, 4 MiB at most.
const LANE_CHUNKS: usize = 16;

/// A file to read.
pub(super) struct Job<'a> {
    pub(super) path: &'a TreePath,
    pub(super) seen: &'a Seen,
}

/// What a reader tells the writer about one file, in order.
pub(super) enum FromFile {
    /// The next chunk of a file that has chunks of its own.
    Chunk(Receiver<Prepared>, u32),
    /// All of a file that is to share a chunk.
    Small(Digest, Vec<u8>),
    /// The file was read to its end.
    End(Digest),
    /// The file can't be packaged.
    Failed(SourceError),
}

/// Files still to be read, and where their lanes are announced in path order.
pub(super) struct Jobs<'a> {
    rest: &'a [Job<'a>],
    lanes: SyncSender<Receiver<FromFile>>,
}

impl<'a> Jobs<'a> {
    pub(super) fn new(files: &'a [Job<'a>], lanes: SyncSender<Receiver<FromFile>>) -> Self {
        Self { rest: files, lanes }
    }

    /// Takes the next file and announces its lane. May wait for the writer; other readers then wait for the same.
    fn next(&mut self) -> Option<(&'a Job<'a>, SyncSender<FromFile>)> {
        let (job, rest) = self.rest.split_first()?;
        let (lane, receiver) = sync_channel(LANE_CHUNKS);
        self.lanes.send(receiver).ok()?;
        self.rest = rest;
        Some((job, lane))
    }
}

/// The writer has stopped listening.
struct Stopped;

/// Reads files until none is left or the writer stops.
pub(super) fn work(source: &Path, jobs: &Mutex<Jobs<'_>>, tasks: &SyncSender<Task>) {
    loop {
        let next = jobs.lock().expect("taking a job doesn't panic").next();
        let Some((job, lane)) = next else { return };
        let told = match read(source, job, &lane, tasks) {
            Ok(Ok(digest)) => lane.send(FromFile::End(digest)),
            Ok(Err(error)) => lane.send(FromFile::Failed(error)),
            Err(Stopped) => return,
        };
        if told.is_err() {
            return;
        }
    }
}

fn read(
    source: &Path,
    job: &Job<'_>,
    lane: &SyncSender<FromFile>,
    tasks: &SyncSender<Task>,
) -> Result<Result<Digest, SourceError>, Stopped> {
    let on_disk = job.path.below(source);
    let file = match open(&on_disk, job.seen) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    // One byte more than expected is enough to see that a file grows.
    let mut bytes = (&file).take(job.seen.size() + 1);
    let read = if job.seen.size() < SMALL_BYTES {
        read_small(&mut bytes, lane)?
    } else {
        read_chunks(&mut bytes, lane, tasks)?
    };
    let outcome = read.map_err(|error| unreadable(&on_disk, error)).and_then(|(digest, length)| {
        let after = file.metadata().map_err(|error| unreadable(&on_disk, error))?;
        let named = fs::symlink_metadata(&on_disk).map_err(|error| unreadable(&on_disk, error))?;
        let same = length == job.seen.size() && job.seen.is_same(&after) && job.seen.is_same(&named);
        if same { Ok(digest) } else { Err(SourceError::Changed(on_disk)) }
    });
    Ok(outcome)
}

fn open(on_disk: &Path, seen: &Seen) -> Result<File, SourceError> {
    // Opening a pipe that took the file's place would wait for a writer for ever.
    let named = fs::symlink_metadata(on_disk).map_err(|error| unreadable(on_disk, error))?;
    if !seen.is_same(&named) {
        return Err(SourceError::Changed(on_disk.to_owned()));
    }
    let file = File::open(on_disk).map_err(|error| unreadable(on_disk, error))?;
    let now = file.metadata().map_err(|error| unreadable(on_disk, error))?;
    if seen.is_same(&now) { Ok(file) } else { Err(SourceError::Changed(on_disk.to_owned())) }
}

type ReadResult = Result<std::io::Result<(Digest, u64)>, Stopped>;

fn read_small(source: &mut impl Read, lane: &SyncSender<FromFile>) -> ReadResult {
    let mut bytes = Vec::new();
    if let Err(error) = source.read_to_end(&mut bytes) {
        return Ok(Err(error));
    }
    let (digest, length) = (Digest::of(&bytes), bytes.len() as u64);
    if length > 0 {
        lane.send(FromFile::Small(digest, bytes)).map_err(|_| Stopped)?;
    }
    Ok(Ok((digest, length)))
}

fn read_chunks(source: &mut impl Read, lane: &SyncSender<FromFile>, tasks: &SyncSender<Task>) -> ReadResult {
    let mut chunker = Chunker::new(source);
    let mut hasher = blake3::Hasher::new();
    loop {
        match chunker.next_chunk() {
            Err(error) => return Ok(Err(error)),
            Ok(None) => return Ok(Ok((hasher.finalize().into(), hasher.count()))),
            Ok(Some(chunk)) => {
                hasher.update(chunk);
                let (task, result) = Task::new(chunk.to_vec());
                lane.send(FromFile::Chunk(result, chunk.len() as u32)).map_err(|_| Stopped)?;
                tasks.send(task).map_err(|_| Stopped)?;
            }
        }
    }
}
