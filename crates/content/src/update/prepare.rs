//! Making updates: from two trees whose bytes can be read, the update of the one to the other and the packs that it needs.
//!
//! For each content that the old tree lacks a base is looked for ([`bases`]), what belongs together becomes a job ([`jobs`]), the
//! jobs are carried out by several threads ([`make`]), and each takes the way that was measured to be the shortest. The result is
//! the same with any number of threads. Memory is bounded by [`make::BATCH_BYTES`], whatever the size of the package. What is
//! read is checked against its digest, so a folder that changes meanwhile gives an error and never a wrong update.

mod bases;
mod containers;
mod cost;
mod jobs;
mod make;
mod packs;
mod parallel;
mod program;
mod source;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use dray_model::Digest;

use super::numbering::{Numbering, Sized, numbers};
use super::{InvalidUpdate, Relocation, Segment, Update};
use crate::difference::{Level, SEGMENT_BYTES_MAX};
use crate::ingest::{IngestError, StagedPack, Staging};
use crate::limits::Limits;
use crate::manifest::{InvalidManifest, Manifest, Recipe};
use crate::pack;
use crate::path::TreePath;
use crate::progress::Progress;
use containers::Opened;
use cost::ChunkCosts;
use make::Maker;
use source::Bytes;
pub use source::{Contents, Folder, Source};

/// How to make an update.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much work goes into differences. Default [`Level::Publish`].
    pub level: Level,
    /// Threads that read and compress. Default: what the machine has.
    pub threads: NonZeroUsize,
    /// Bytes that one segment builds, at most [`SEGMENT_BYTES_MAX`], which is the default. Files from an eighth of this on have
    /// segments of their own; shorter ones share them.
    pub segment_bytes_max: usize,
    /// What packs are filled up to, in bytes. Default [`pack::PACK_BYTES_MAX`].
    pub pack_bytes_max: u64,
    /// The bounds that readers of the result will have. Containers beyond them stay closed.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: Level::Publish,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            segment_bytes_max: SEGMENT_BYTES_MAX,
            pack_bytes_max: pack::PACK_BYTES_MAX,
            limits: Limits::default(),
        }
    }
}

/// What came of making an update.
#[derive(Debug)]
pub enum Outcome {
    /// An update that is worth having.
    Prepared(Box<Prepared>),
    /// Holders of the old tree fetch no more without an update. Nothing is left in the staging folder.
    NotWorthIt(Totals),
}

/// An update that is ready to be published.
#[derive(Debug)]
pub struct Prepared {
    /// The update.
    pub update: Update,
    /// Its bytes, to be stored as `updates/<digest>`.
    pub bytes: Vec<u8>,
    /// BLAKE3 of `bytes`.
    pub digest: Digest,
    /// The new packs, to be stored as `packs/<digest>`. The update may name older ones too.
    pub packs: Vec<StagedPack>,
    /// What a receiver fetches.
    pub totals: Totals,
    /// How the way was chosen for what the old tree lacks, in the order of its paths.
    pub choices: Vec<Choice>,
}

/// What a receiver that holds the old tree fetches, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The update itself.
    pub update_bytes: u64,
    /// Stored bytes of segments in packs.
    pub segment_bytes: u64,
    /// Stored bytes of chunks that files of the old tree don't have.
    pub chunk_bytes: u64,
    /// Without an update: such chunks of all files that the old tree lacks, and of the manifest what has to be read.
    pub without_bytes: u64,
}

impl Totals {
    /// All that is fetched with the update.
    #[must_use]
    pub const fn fetch_bytes(&self) -> u64 {
        self.update_bytes + self.segment_bytes + self.chunk_bytes
    }
}

/// How the way was chosen for one large file, or for some small ones that share a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The first of its files.
    pub path: TreePath,
    /// How many different contents it is about.
    pub files: usize,
    /// Their sizes together, in their opened forms where they have such.
    pub size: u64,
    /// How many of them are containers that were opened.
    pub opened: usize,
    /// Bytes of the bases that were used.
    pub base_bytes: u64,
    /// What segments take, each made from its base or without it, whichever is shorter. `None` when it was known before that
    /// chunks are shorter.
    pub segment_bytes: Option<u64>,
    /// What the chunks take that the old tree lacks, with their entries in the update.
    pub chunk_bytes: u64,
    /// How many of the segments do without a base.
    pub whole_segments: usize,
    /// The way that was taken.
    pub way: Way,
}

/// How contents are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// From segments.
    Segments,
    /// From chunks.
    Chunks,
}

/// Why an update can't be made. Nothing is left in the staging folder then.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A content can't be read.
    #[error("cannot read the content {}", content.short())]
    Read {
        /// Which.
        content: Digest,
        /// Why not.
        source: io::Error,
    },
    /// A content has other bytes than its tree says.
    #[error("the content {} has changed", .0.short())]
    Changed(Digest),
    /// A file of the new tree has no recipe in its manifest.
    #[error("the manifest does not say how to build the file {}", .0.short())]
    NoRecipe(Digest),
    /// A container can't be written in its opened form.
    #[error("cannot write the opened container {}", path.display())]
    Form {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The staging folder can't be used.
    #[error("cannot stage the update")]
    Staging(#[from] IngestError),
    /// [`Progress::is_cancelled`] said so.
    #[error("creating the update was cancelled")]
    Cancelled,
    /// The manifest of the new tree contradicts itself.
    #[error("cannot create the partial manifest")]
    Manifest(#[from] InvalidManifest),
    /// The parts don't fit together.
    #[error("cannot create the update")]
    Update(#[from] InvalidUpdate),
}

/// Makes the update of `old` to `new` and writes its segments to packs in `staging`, which must be empty or absent. An `old` of the
/// empty tree gives the update from nothing.
///
/// # Errors
/// When a content can't be read or has changed, packs can't be written, or `progress` asks to stop. `staging` is removed then.
pub fn prepare(
    old: &Source<'_>,
    new: &Source<'_>,
    staging: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Outcome, PrepareError> {
    let numbering = Numbering::new(old.manifest.tree(), new.manifest.tree());
    let costs = ChunkCosts::new(old.manifest, new.manifest, &numbering.wanted)?;
    let mut files = bases::find(old, new, &numbering)?;
    for file in &mut files {
        file.is_program = program::is_program(file, new)?;
    }
    let mut staging = Staging::create(staging)?;
    let opened = Opened::new(staging.folder().join("opened"), &mut files, (old, new), &costs, options, progress)?;
    progress.total(files.len() as u64, files.iter().map(|file| file.output.1).sum());
    let jobs = jobs::jobs(&files, options.segment_bytes_max);
    let wanted = numbering.wanted.iter().copied().collect();
    let (old_bytes, new_bytes) = (Bytes::new(old, &opened), Bytes::new(new, &opened));
    let made = Maker::new(old_bytes, new_bytes, &wanted, &costs, &staging, options, progress).make(&jobs)?;
    let forms = opened.used(&made.chunked, &made.segments, &numbers(&numbering.base));

    let recipes = made.chunked.iter().map(|content| recipe(new.manifest, content)).collect();
    let manifest = Manifest::new(new.manifest.tree().clone(), new.manifest.packs(), new.manifest.chunks(), recipes)?;
    let update = Update {
        from: old.manifest.tree().digest(),
        manifest,
        packs: made.packs.iter().map(StagedPack::info).collect(),
        segments: made.segments,
        relocations: sorted(made.relocations, &numbering.bases(&forms)),
        forms,
    };
    let bytes = update.encode(old.manifest.tree())?;
    let totals = Totals {
        update_bytes: bytes.len() as u64,
        segment_bytes: update.segments.iter().filter_map(Segment::packed).map(|at| u64::from(at.length)).sum(),
        chunk_bytes: costs.fetched(&made.chunked),
        without_bytes: costs.without_update(new.manifest, &numbering.wanted)?,
    };
    if totals.fetch_bytes() >= totals.without_bytes {
        return Ok(Outcome::NotWorthIt(totals));
    }
    staging.keep();
    let digest = Digest::of(&bytes);
    let (packs, choices) = (made.packs, made.choices);
    Ok(Outcome::Prepared(Box::new(Prepared { update, bytes, digest, packs, totals, choices })))
}

/// In the order of their bases, without those of opened forms that aren't used after all.
fn sorted(mut relocations: Vec<Relocation>, bases: &[Sized]) -> Vec<Relocation> {
    let numbers = numbers(bases);
    relocations.retain(|relocation| numbers.contains_key(&relocation.content));
    relocations.sort_by_key(|relocation| (numbers[&relocation.content], relocation.offset));
    relocations
}

fn recipe(manifest: &Manifest, content: &Digest) -> Recipe {
    let pieces = manifest.recipe(content).expect("the costs were taken from the recipe").to_vec();
    Recipe { content: *content, pieces }
}
