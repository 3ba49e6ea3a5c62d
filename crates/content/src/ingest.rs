//! Ingest: a source folder becomes staged packs and a manifest.
//!
//! Readers hash and cut files, workers hash and compress the chunks of long ones, and one writer puts the results in path order
//! into packs, so the same source gives the same packs with any number of threads. Bytes travel in slabs that are used again, over
//! bounded channels: memory is some 10 MB for each thread and doesn't grow with the package.
//! Chunks of earlier versions ([`KnownChunks`]) are referenced where they are, and files that are as a [`SourceIndex`] says are not
//! read. The source is never written to, and a failed ingest leaves nothing behind.

mod index;
mod job;
mod known;
mod open;
mod prepare;
mod read;
mod slab;
mod staging;
mod store;
mod write;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};
use std::thread;

use dray_model::package::NotCarried;
use dray_model::{Digest, Timestamp};

use crate::limits::Limits;
use crate::manifest::{InvalidManifest, Manifest, PackInfo};
use crate::path::Shown;
use crate::progress::Progress;
use crate::scan::{self, Found, FoundKind, Probe, Rules, SourceError, Stamp, Walk};
use crate::tree::{Entry, InvalidTree, Node, Tree};
use crate::{chunker, pack};

pub use index::{IndexError, SourceIndex};
use job::{FileToRead, Job, Jobs};
pub use known::KnownChunks;
use read::Reader;
use slab::Pool;
pub(crate) use staging::Staging;
use write::{Sources, Written};

/// Files shorter than this share chunks with their neighbours instead of having some of their own.
const SMALL_BYTES: u64 = chunker::CHUNK_BYTES_MIN as u64;
/// What shared chunks are filled up to.
const GROUP_BYTES: usize = chunker::CHUNK_BYTES_AVERAGE;

/// How to ingest.
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads that read, and as many that compress what is long. Default: what the machine has.
    pub threads: NonZeroUsize,
    /// What packs are filled up to, in bytes. Default [`pack::PACK_BYTES_MAX`].
    pub pack_bytes_max: u64,
    /// What the source may hold that not every computer can. Default: nothing; such a source is refused.
    pub rules: Rules,
    /// The bounds that readers of the result will have.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { threads, pack_bytes_max: pack::PACK_BYTES_MAX, rules: Rules::default(), limits: Limits::default() }
    }
}

/// A source folder that is ready to be published.
#[derive(Debug)]
pub struct Ingested {
    /// The content digest: what a release signs.
    pub content: Digest,
    /// The tree and how its files are built.
    pub manifest: Manifest,
    /// The manifest's bytes, to be stored as `manifests/<manifest_digest>`.
    pub manifest_bytes: Vec<u8>,
    /// BLAKE3 of `manifest_bytes`.
    pub manifest_digest: Digest,
    /// The new packs, to be stored as `packs/<digest>`. The manifest may name older ones too.
    pub packs: Vec<StagedPack>,
    /// What it was and what it cost.
    pub totals: Totals,
    /// What the source had that the tree doesn't carry.
    pub not_carried: Vec<NotCarried>,
    /// What the tree's files looked like, in order of their paths, where that proves anything.
    stamps: Vec<Option<Stamp>>,
}

impl Ingested {
    /// What spares the next ingest of the same folder the reading of files that are unchanged by then. `begun_at` is an instant before
    /// this ingest began, by the clock of this machine.
    #[must_use]
    pub fn index(&self, begun_at: Timestamp) -> SourceIndex {
        let files = self.manifest.tree().files().zip(&self.stamps);
        SourceIndex::new(files.map(|((path, file), stamp)| (path, *stamp, file.digest)), begun_at)
    }
}

/// A new pack in the staging folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPack {
    /// BLAKE3 of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// The file, named by the digest.
    pub path: PathBuf,
}

impl StagedPack {
    /// How manifests and updates name it.
    #[must_use]
    pub const fn info(&self) -> PackInfo {
        PackInfo { digest: self.digest, size: self.size }
    }
}

/// Sums of an ingest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Files in the source.
    pub files: u64,
    /// Sum of their sizes.
    pub bytes: u64,
    /// Files that were not read, because they are unchanged.
    pub unread_files: u64,
    /// Sum of their sizes.
    pub unread_bytes: u64,
    /// Plain bytes of chunks that were not known before.
    pub new_bytes: u64,
    /// Bytes of the new packs.
    pub stored_bytes: u64,
}

/// Why an ingest failed. Nothing is left in the staging folder then.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The source can't be packaged, or changed meanwhile.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The staging folder holds something already.
    #[error("the staging folder {} is not empty", Shown(.0))]
    StagingInUse(PathBuf),
    /// The staging folder is in the source folder, so the ingest would read what it writes.
    #[error("the staging folder {} is inside the source folder", Shown(.0))]
    StagingInSource(PathBuf),
    /// No space is left for packs.
    #[error("the disk holding {} is full", Shown(.0))]
    DiskFull(PathBuf),
    /// A pack can't be written.
    #[error("cannot write {}", Shown(path))]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// [`Progress::is_cancelled`] said so.
    #[error("the ingest was cancelled")]
    Cancelled,
    /// The parts don't make a manifest. With chunks known from other manifests, one of those was wrong.
    #[error("cannot create the manifest")]
    Manifest(#[from] InvalidManifest),
}

/// Reads what of `source` is not known to be unchanged, and writes what is new to packs in `staging`, which must be empty or absent.
///
/// # Errors
/// When the source can't be read or packaged, changes while it is read, or packs can't be written. `staging` is removed then.
pub fn ingest(
    source: &Path,
    staging: &Path,
    known: &KnownChunks,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Ingested, IngestError> {
    let Walk { found, not_carried } = scan::walk(source, options.rules, &options.limits)?;
    let probe = scan::summary(&found);
    progress.total(probe.files, probe.bytes);
    let mut staging = Staging::create_outside(staging, source)?;
    let stamps = index::stamps(source, &found);
    let jobs = jobs(&found, &stamps, known);
    let written = run(source, &jobs, &staging, known, options, progress)?;
    let tree = tree(&found, &written.digests).map_err(SourceError::Tree)?;
    let content = tree.digest();
    let totals = totals(probe, &jobs, &written);
    let manifest = Manifest::new(tree, &written.pack_infos, &written.chunks, written.recipes)?;
    let manifest_bytes = manifest.encode()?;
    staging.keep();
    let manifest_digest = Digest::of(&manifest_bytes);
    Ok(Ingested {
        content,
        manifest,
        manifest_bytes,
        manifest_digest,
        packs: written.packs,
        totals,
        not_carried,
        stamps,
    })
}

/// What was found, with the digests of its files in their order.
fn tree(found: &[Found], digests: &[Digest]) -> Result<Tree, InvalidTree> {
    let mut digests = digests.iter();
    let entries = found.iter().map(|found| {
        let node = match &found.kind {
            FoundKind::Directory(folder) => Node::Directory(*folder),
            FoundKind::Link(target) => Node::Link(target.clone()),
            FoundKind::OutsideLink(target) => Node::OutsideLink(target.clone()),
            FoundKind::File(seen) => {
                let digest = *digests.next().expect("the writer gives a digest for every file");
                Node::File(seen.node(digest))
            }
        };
        Entry { path: found.path.clone(), node }
    });
    Tree::new(entries.collect())
}

fn totals(probe: Probe, jobs: &[Job<'_>], written: &Written) -> Totals {
    let unread = || jobs.iter().flatten().filter(|file| file.known.is_some());
    Totals {
        files: probe.files,
        bytes: probe.bytes,
        unread_files: unread().count() as u64,
        unread_bytes: unread().map(|file| file.seen.size()).sum(),
        new_bytes: written.new_bytes,
        stored_bytes: written.packs.iter().map(|pack| pack.size).sum(),
    }
}

/// The files in path order, as they are read, and of those that are unchanged and stored what they hold.
fn jobs<'a>(found: &'a [Found], stamps: &[Option<Stamp>], known: &KnownChunks) -> Vec<Job<'a>> {
    let seen = |found: &'a Found| match &found.kind {
        FoundKind::File(seen) => Some((&found.path, seen)),
        _ => None,
    };
    let files: Vec<_> = found.iter().filter_map(seen).collect();
    let stamped: Vec<_> = files.iter().zip(stamps).map(|((path, _), stamp)| (*path, *stamp)).collect();
    let mut jobs = Vec::new();
    for ((path, seen), content) in files.into_iter().zip(known.index().look_up(&stamped)) {
        let known = content.filter(|content| known.holds(content, seen.size()));
        job::add(&mut jobs, FileToRead { path, seen, known });
    }
    jobs
}

/// Starts the threads and writes what they deliver.
fn run(
    source: &Path,
    jobs: &[Job<'_>],
    staging: &Staging,
    known: &KnownChunks,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Written, IngestError> {
    let threads = options.threads.get();
    let pool = Pool::default();
    let (tasks, queue) = mpsc::sync_channel(threads);
    let queue = Mutex::new(queue);
    let (announced, lanes) = mpsc::sync_channel(threads);
    let to_read = Mutex::new(Jobs::new(jobs, announced));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| prepare::work(&queue, known));
            let reader = Reader { source, known, pool: &pool, tasks: tasks.clone() };
            let to_read = &to_read;
            scope.spawn(move || reader.work(to_read));
        }
        // Dropped when the writer stops, early or not: the readers' sends fail then and the threads end.
        let sources = Sources { lanes, tasks, pool: &pool };
        write::write(jobs, sources, staging, known, options, progress)
    })
}

#[cfg(test)]
mod tests;
