//! Assembly: carries out a plan in a staging folder and puts the finished tree into place.
//!
//! The caller fetches ([`Assembly::missing`]) and hands bytes in ([`Assembly::accept`]); nothing here waits for a network. A chunk
//! is checked before it is written, a file before it is finished, held files before they are believed. The staging folder is its
//! own journal: what is on disk is hashed again when an assembly is opened, so a crash at any point loses at most the chunk that
//! was being written, and a damaged disk is noticed. Nothing is written outside of staging until the one final rename.

mod disk;
mod finish;
mod held;
mod resume;
mod targets;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::compress::Expander;
use crate::manifest::Piece;
use crate::native;
use crate::path::{Shown, TreePath};
use crate::plan::{self, FetchRange, HeldFile, HeldTreeId, Plan};
use disk::{OpenFile, write_error};
use targets::Targets;

/// A tree that is being built.
pub struct Assembly {
    staging: PathBuf,
    /// The tree as far as it is built; renamed into place at the end.
    tree: PathBuf,
    plan: Plan,
    held_roots: BTreeMap<HeldTreeId, PathBuf>,
    files: Vec<BuildFile>,
    targets: Targets,
    /// For each chunk whether a held file is still believed to have it.
    is_held: Vec<bool>,
    /// For each pack its chunks, ascending by offset.
    chunks_of_pack: HashMap<Digest, Vec<u32>>,
    damaged: Vec<HeldFile>,
    expander: Expander,
    open: OpenFile,
}

/// A content that is being built, at the first of its paths.
struct BuildFile {
    path: TreePath,
    state: FileState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileState {
    /// Waits to be copied from a held tree.
    ToCopy,
    /// Is built from chunks.
    Building,
    /// Is on disk and was hashed.
    Verified,
}

/// What [`Assembly::accept`] took from the bytes that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Chunks that were missing and are on disk now.
    pub chunks: u64,
    /// Their stored bytes.
    pub bytes: u64,
}

/// How far [`Assembly::finish`] came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The tree is in its place, and staging is gone.
    Done,
    /// These ranges are still to be fetched, some of them perhaps because held files turned out to be damaged.
    Missing(Vec<FetchRange>),
}

/// Why an assembly can't go on.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The bytes of a chunk are not what its digest says. Nothing of it was kept: fetch them from another source.
    #[error("the bytes of pack {} at {offset} are damaged", pack.short())]
    Corrupt {
        /// The pack that the bytes were said to be from.
        pack: Digest,
        /// Where the damaged chunk begins in it.
        offset: u64,
    },
    /// More bytes were given than the range has.
    #[error("{given} bytes were given for a range of {}", range.length)]
    TooManyBytes {
        /// The range.
        range: FetchRange,
        /// The bytes given.
        given: u64,
    },
    /// All chunks of a file are right but the file is not: the manifest contradicts the tree. Another manifest is needed.
    #[error("the manifest builds another file than {0}")]
    WrongRecipe(TreePath),
    /// A held file is damaged and the manifest at hand is partial: fetch the block of this content and plan again.
    #[error("a held file is damaged and the manifest at hand doesn't say how to build {}", .0.short())]
    NoRecipe(Digest),
    /// The tree has a link that leads out, and on this system such links are not made.
    #[error("the link {0} leads out of the package, and such links are not made on this system")]
    OutsideLink(TreePath),
    /// The folder to be made is there already.
    #[error("{} is there already", Shown(.0))]
    DestinationExists(PathBuf),
    /// No space is left.
    #[error("the disk of {} is full", Shown(.0))]
    DiskFull(PathBuf),
    /// Something can't be written.
    #[error("{} can't be written", Shown(path))]
    Write {
        /// What was written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something in staging can't be read.
    #[error("{} can't be read", Shown(path))]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Assembly {
    /// Begins in the folder `staging`, or goes on with what an earlier assembly of this or another plan left there: whatever has
    /// the right digest is kept, the rest is removed. `held_roots` says where the plan's held trees are.
    ///
    /// One assembly at a time may use a staging folder, which must be on the same file system as the final folder.
    ///
    /// # Errors
    /// When staging can't be written or read, or the tree has links that are not made here.
    pub fn open(staging: &Path, plan: Plan, held_roots: BTreeMap<HeldTreeId, PathBuf>) -> Result<Self, AssembleError> {
        if let Some((path, _)) = plan.want.tree().outside_links().next().filter(|_| !native::MAKES_OUTSIDE_LINKS) {
            return Err(AssembleError::OutsideLink(path.clone()));
        }
        let tree = staging.join("tree");
        fs::create_dir_all(&tree).map_err(|error| write_error(&tree, error))?;
        let mut assembly = Self {
            staging: staging.to_owned(),
            files: build_files(&plan),
            targets: Targets::new(&plan),
            is_held: vec![false; plan.want.chunks().len()],
            chunks_of_pack: chunks_of_packs(&plan),
            held_roots,
            damaged: Vec::new(),
            expander: Expander::new().map_err(|error| write_error(&tree, error))?,
            open: OpenFile::default(),
            tree,
            plan,
        };
        assembly.plan.held_chunks.keys().for_each(|chunk| assembly.is_held[*chunk as usize] = true);
        assembly.resume()?;
        Ok(assembly)
    }

    /// What is to be fetched: chunks that are not on disk and that no held file has, as far as known. Shrinks with
    /// [`Assembly::accept`]; may grow with [`Assembly::copy_held`].
    #[must_use]
    pub fn missing(&self) -> Vec<FetchRange> {
        let chunks = (0..self.plan.want.chunks().len() as u32).filter(|chunk| self.is_to_be_fetched(*chunk));
        plan::ranges(&self.plan.want, chunks.collect(), self.plan.options)
    }

    /// Takes the bytes of `range`, or of its beginning when a connection broke: every chunk that they hold completely is checked
    /// and written. Chunks that are not needed (any more) are skipped.
    ///
    /// # Errors
    /// [`AssembleError::Corrupt`] at the first damaged chunk; those before it are kept. Also when staging can't be written.
    pub fn accept(&mut self, range: &FetchRange, bytes: &[u8]) -> Result<Accepted, AssembleError> {
        let given = bytes.len() as u64;
        if given > range.length {
            return Err(AssembleError::TooManyBytes { range: *range, given });
        }
        let mut accepted = Accepted::default();
        for number in self.chunks_in(range.pack, range.offset, range.offset + given) {
            if !self.is_needed(number) {
                continue;
            }
            let chunk = self.plan.want.chunks()[number as usize];
            let start = (chunk.offset - range.offset) as usize;
            let stored = &bytes[start..start + chunk.stored_length as usize];
            let mut plain = vec![0; chunk.length as usize];
            let expanded = self.expander.expand(stored, &mut plain);
            if expanded.is_err() || Digest::of(&plain) != chunk.digest {
                return Err(AssembleError::Corrupt { pack: range.pack, offset: chunk.offset });
            }
            self.write_chunk(number, &plain)?;
            accepted.chunks += 1;
            accepted.bytes += stored.len() as u64;
        }
        Ok(accepted)
    }

    /// Held files that turned out to be damaged or gone, so that their trees can be repaired or dropped.
    #[must_use]
    pub fn damaged(&self) -> &[HeldFile] {
        &self.damaged
    }

    /// The plan that is carried out.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Chunks of `pack` that lie between `start` and `end` completely.
    fn chunks_in(&self, pack: Digest, start: u64, end: u64) -> Vec<u32> {
        let chunks = self.plan.want.chunks();
        let of_pack = self.chunks_of_pack.get(&pack).map(Vec::as_slice).unwrap_or_default();
        let first = of_pack.partition_point(|number| chunks[*number as usize].offset < start);
        let from = of_pack[first..].iter().copied();
        from.take_while(|number| chunks[*number as usize].offset < end)
            .filter(|number| chunks[*number as usize].end() <= end)
            .collect()
    }

    /// Whether a file that is being built lacks bytes of the chunk.
    fn is_needed(&self, chunk: u32) -> bool {
        self.targets.open(chunk).any(|target| self.files[target.file as usize].state == FileState::Building)
    }

    fn is_to_be_fetched(&self, chunk: u32) -> bool {
        !self.is_held[chunk as usize] && self.is_needed(chunk)
    }

    /// Writes the checked bytes of a chunk to every place that lacks them.
    fn write_chunk(&mut self, chunk: u32, plain: &[u8]) -> Result<(), AssembleError> {
        for number in self.targets.numbers(chunk) {
            let target = *self.targets.get(number);
            let file = &mut self.files[target.file as usize];
            if self.targets.is_done(number) || file.state != FileState::Building {
                continue;
            }
            let bytes = &plain[target.from as usize..][..target.length as usize];
            let path = file.path.below(&self.tree);
            self.open.write_at(&path, target.at, bytes)?;
            self.targets.set_done(number);
            let planned = &self.plan.files[target.file as usize];
            // A file from one piece is checked here, so that thousands of small ones need not be read again.
            if planned.size == bytes.len() as u64 {
                if Digest::of(bytes) != planned.content {
                    return Err(AssembleError::WrongRecipe(file.path.clone()));
                }
                file.state = FileState::Verified;
            }
        }
        Ok(())
    }

    fn recipe(&self, file: usize) -> Result<&[Piece], AssembleError> {
        let content = self.plan.files[file].content;
        self.plan.want.recipe(&content).ok_or(AssembleError::NoRecipe(content))
    }
}

fn build_files(plan: &Plan) -> Vec<BuildFile> {
    let mut paths = HashMap::new();
    for (path, file) in plan.want.tree().files() {
        paths.entry(file.digest).or_insert(path);
    }
    let file = |planned: &plan::PlannedFile| BuildFile {
        path: (*paths.get(&planned.content).expect("a plan lists contents of its tree")).clone(),
        state: if planned.copy.is_some() { FileState::ToCopy } else { FileState::Building },
    };
    plan.files.iter().map(file).collect()
}

fn chunks_of_packs(plan: &Plan) -> HashMap<Digest, Vec<u32>> {
    let mut of_pack: HashMap<Digest, Vec<u32>> = HashMap::new();
    for (number, chunk) in plan.want.chunks().iter().enumerate() {
        of_pack.entry(plan.want.pack_of(chunk).digest).or_default().push(number as u32);
    }
    for chunks in of_pack.values_mut() {
        chunks.sort_unstable_by_key(|number| plan.want.chunks()[*number as usize].offset);
    }
    of_pack
}
