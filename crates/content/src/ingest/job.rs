//! What the readers take at a time: a long file, or a run of short ones that fit into a slab together.
//!
//! Runs depend on the files alone, so any number of threads gives the same packs. Every job has a lane, a channel on which its
//! reader tells the writer what it found; lanes are announced in path order.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dray_model::Digest;

use super::slab::{SLAB_BYTES, Slab};
use crate::path::TreePath;
use crate::scan::{Seen, SourceError};

/// Slabs of one file that may wait for the writer.
const LANE_SLABS: usize = 2;
/// Files of one run: the writer hears of them, and of a wish to stop, when all are read.
const RUN_FILES: usize = 64;

/// A file to read.
#[derive(Clone, Copy)]
pub(super) struct FileToRead<'a> {
    pub(super) path: &'a TreePath,
    pub(super) seen: &'a Seen,
    /// What it holds, when it is unchanged and that is known. Then it isn't read, and is a file to read for the order alone.
    pub(super) known: Option<Digest>,
}

impl FileToRead<'_> {
    /// Whether it is read in several slabs.
    pub(super) fn is_long(&self) -> bool {
        self.known.is_none() && self.seen.size() > SLAB_BYTES as u64
    }
}

/// Files that follow each other in path order: one of any length, or several that fit into a slab. Which follow each other doesn't
/// depend on what is known, so that sparing a file changes nothing else.
pub(super) type Job<'a> = Vec<FileToRead<'a>>;

/// What a reader tells the writer.
pub(super) enum FromReader {
    /// All of a run; its chunks are prepared.
    Run(Vec<RunFile>, Slab),
    /// The next chunks of a long file: their lengths, and where they come when they are prepared.
    Slab(Vec<u32>, Receiver<Slab>),
    /// The long file was read to its end.
    End(Digest),
    /// A file can't be packaged.
    Failed(SourceError),
}

/// A file of a run.
pub(super) struct RunFile {
    pub(super) digest: Digest,
    pub(super) bytes: RunBytes,
}

/// Where the bytes of a file of a run are.
pub(super) enum RunBytes {
    /// The file is short and is to share a chunk; they are this range of the slab's plain bytes.
    Small(Range<usize>),
    /// In these chunks of the slab.
    Chunks(Range<usize>),
    /// They were not read and are where the known content is.
    Known,
}

/// Adds a file to the last job if it fits there, else as a new one.
pub(super) fn add<'a>(jobs: &mut Vec<Job<'a>>, file: FileToRead<'a>) {
    let fits = |job: &Job<'_>| {
        let bytes: u64 = job.iter().chain([&file]).map(|file| file.seen.size()).sum();
        job.len() < RUN_FILES && bytes <= SLAB_BYTES as u64
    };
    match jobs.last_mut().filter(|job| fits(job)) {
        Some(job) => job.push(file),
        None => jobs.push(vec![file]),
    }
}

/// Jobs still to be taken.
pub(super) struct Jobs<'a> {
    rest: std::slice::Iter<'a, Job<'a>>,
    lanes: SyncSender<Receiver<FromReader>>,
}

impl<'a> Jobs<'a> {
    pub(super) fn new(jobs: &'a [Job<'a>], lanes: SyncSender<Receiver<FromReader>>) -> Self {
        Self { rest: jobs.iter(), lanes }
    }

    /// Takes the next job and announces its lane. May wait for the writer; other readers then wait for the same.
    pub(super) fn next(&mut self) -> Option<(&'a Job<'a>, SyncSender<FromReader>)> {
        let job = self.rest.next()?;
        let (lane, receiver) = sync_channel(LANE_SLABS);
        self.lanes.send(receiver).ok()?;
        Some((job, lane))
    }
}
