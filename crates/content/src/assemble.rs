//! Assembly: carries out a plan in a staging folder and puts the finished tree into place.
//!
//! The caller fetches ([`Assembly::missing`]) and hands bytes in ([`Assembly::accept`]); nothing here waits for a network. What is
//! stored is checked before it is used, what is written before it is finished, held files before they are believed. The staging
//! folder is its own journal: what is on disk is hashed again when an assembly is opened, so a crash at any point loses at most the
//! chunk or segment that was being written, and a damaged disk is noticed. Nothing is written outside of staging until the one
//! final rename. Memory: one chunk or segment with its output, whatever the tree's size.

mod container;
mod disk;
mod error;
mod finish;
mod held;
mod resume;
mod segment;
mod targets;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::compress::Expander;
use crate::native;
use crate::path::TreePath;
use crate::plan::{FetchRange, HeldFile, HeldTreeId, Plan, PlannedFile, Stored};
use crate::requirement;
use crate::tree::FileNode;
use disk::{OpenFile, write_error};
use targets::Targets;

pub use error::AssembleError;

/// A tree that is being built.
pub struct Assembly {
    staging: PathBuf,
    /// The tree as far as it is built; renamed into place at the end.
    tree: PathBuf,
    plan: Plan,
    held_roots: BTreeMap<HeldTreeId, PathBuf>,
    /// The plan's files, and behind them the opened forms of its containers.
    files: Vec<BuildFile>,
    targets: Targets,
    /// For each chunk whether a held file is still believed to have it.
    is_held: Vec<bool>,
    /// For each pack its chunks and segments, ascending by offset.
    stored_of_pack: HashMap<Digest, Vec<Stored>>,
    damaged: Vec<HeldFile>,
    /// Held files that were read to the end and found right.
    undamaged: HashSet<HeldFile>,
    expander: Expander,
    /// The plain bytes of a chunk and the output of a segment, kept for the next one's.
    plain: Vec<u8>,
    output: Vec<u8>,
    open: OpenFile,
}

/// A content that is being built, at the first of its paths, or the opened form of one.
struct BuildFile {
    path: TreePath,
    on_disk: PathBuf,
    /// What the tree says of it at this path.
    node: FileNode,
    /// Whether it has its rights and its time already.
    has_attributes: bool,
    state: FileState,
    /// Whether bytes of it can't be made, because what they were to be made from is damaged. The others are made nevertheless.
    is_lost: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileState {
    /// Waits to be copied from a held tree.
    ToCopy,
    /// Is built from chunks or segments.
    Building,
    /// Is on disk and was hashed.
    Verified,
}

/// What [`Assembly::accept`] took from the bytes that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Chunks that were missing and are on disk now.
    pub chunks: u64,
    /// Segments that were missing and whose output is on disk now, or lost.
    pub segments: u64,
    /// Stored bytes of both.
    pub bytes: u64,
}

/// How far [`Assembly::finish`] came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The tree is in its place, and staging is gone.
    Done,
    /// These ranges are still to be fetched, some of them perhaps because held files turned out to be damaged.
    Missing(Vec<FetchRange>),
    /// Everything is built but these contents: what they were to be copied or built from is damaged, and the plan knows no other
    /// way. Plan from a manifest that has recipes for them, and open again in the same folder: what is finished there stays.
    Lost(Vec<Digest>),
}

impl Assembly {
    /// Begins in the folder `staging`, or goes on with what an earlier assembly of this or another plan left there: whatever has
    /// the right digest is kept, the rest is removed. `held_roots` says where the plan's held trees are.
    ///
    /// One assembly at a time may use a staging folder, which must be on the same file system as the final folder.
    ///
    /// # Errors
    /// When staging can't be written or read, or the tree requires what this computer can't do.
    pub fn open(staging: &Path, plan: Plan, held_roots: BTreeMap<HeldTreeId, PathBuf>) -> Result<Self, AssembleError> {
        let requires = plan.want.tree().requires();
        let unsupported = requirement::unsupported(requires.iter().map(String::as_str));
        if !unsupported.is_empty() {
            return Err(AssembleError::Unsupported(unsupported));
        }
        let tree = staging.join("tree");
        fs::create_dir_all(&tree).map_err(|error| write_error(&tree, error))?;
        // Files get their rights when they are whole; until then nobody else reads them.
        native::make_private(staging).map_err(|error| write_error(staging, error))?;
        let mut assembly = Self {
            staging: staging.to_owned(),
            files: build_files(&plan, staging),
            targets: Targets::new(&plan),
            is_held: vec![false; plan.want.chunks().len()],
            stored_of_pack: stored_of_packs(&plan),
            held_roots,
            damaged: Vec::new(),
            undamaged: HashSet::new(),
            expander: Expander::new().map_err(|error| write_error(&tree, error))?,
            plain: Vec::new(),
            output: Vec::new(),
            open: OpenFile::default(),
            tree,
            plan,
        };
        assembly.plan.held_chunks.keys().for_each(|chunk| assembly.is_held[*chunk as usize] = true);
        assembly.resume()?;
        Ok(assembly)
    }

    /// What is to be fetched: chunks and segments whose bytes are not on disk and that no held file has, as far as known. Shrinks
    /// with [`Assembly::accept`]; may grow with [`Assembly::copy_held`].
    #[must_use]
    pub fn missing(&self) -> Vec<FetchRange> {
        let missing: Vec<Stored> = self.plan.all_stored().filter(|stored| self.is_to_be_fetched(*stored)).collect();
        self.plan.ranges(&missing)
    }

    /// Takes the bytes of `range`, or of its beginning when a connection broke: every chunk and segment that they hold completely
    /// is checked, expanded or applied, and written. What is not needed (any more) is skipped.
    ///
    /// # Errors
    /// [`AssembleError::Corrupt`] at the first damaged chunk or segment; those before it are kept. Also when staging can't be
    /// written. A damaged base is not an error here: see [`Outcome::Lost`].
    pub fn accept(&mut self, range: &FetchRange, bytes: &[u8]) -> Result<Accepted, AssembleError> {
        let given = bytes.len() as u64;
        if given > range.length {
            return Err(AssembleError::TooManyBytes { range: *range, given });
        }
        let mut accepted = Accepted::default();
        for stored in self.stored_in(range.pack, range.offset, range.offset + given) {
            if !self.is_needed(stored) {
                continue;
            }
            let place = self.plan.range_of(stored);
            let bytes = &bytes[(place.offset - range.offset) as usize..][..place.length as usize];
            let kept = match stored {
                Stored::Chunk(number) => self.accept_chunk(number, bytes)?,
                Stored::Segment(number) => self.accept_segment(number, bytes)?,
            };
            if !kept {
                return Err(AssembleError::Corrupt { pack: place.pack, offset: place.offset });
            }
            accepted.count(stored, place.length);
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

    /// What of `pack` lies between `start` and `end` completely.
    fn stored_in(&self, pack: Digest, start: u64, end: u64) -> Vec<Stored> {
        let place = |stored: &Stored| self.plan.range_of(*stored);
        let of_pack = self.stored_of_pack.get(&pack).map(Vec::as_slice).unwrap_or_default();
        let first = of_pack.partition_point(|stored| place(stored).offset < start);
        let from = of_pack[first..].iter().take_while(|stored| place(stored).offset < end);
        from.filter(|stored| place(stored).end() <= end).copied().collect()
    }

    /// Whether a file that is being built lacks bytes of it.
    fn is_needed(&self, stored: Stored) -> bool {
        self.targets.open(stored).any(|target| self.files[target.file as usize].state == FileState::Building)
    }

    fn is_to_be_fetched(&self, stored: Stored) -> bool {
        let is_held = matches!(stored, Stored::Chunk(number) if self.is_held[number as usize]);
        !is_held && self.is_needed(stored)
    }

    /// `false` when the stored bytes are not those of the chunk.
    fn accept_chunk(&mut self, number: u32, stored: &[u8]) -> Result<bool, AssembleError> {
        let chunk = self.plan.want.chunks()[number as usize];
        let mut plain = std::mem::take(&mut self.plain);
        plain.resize(chunk.length as usize, 0);
        let is_right = self.expander.expand(stored, &mut plain).is_ok() && Digest::of(&plain) == chunk.digest;
        let written = if is_right { self.write_chunk(number, &plain) } else { Ok(()) };
        self.plain = plain;
        written.map(|()| is_right)
    }

    /// Writes the checked bytes of a chunk to every place that lacks them.
    fn write_chunk(&mut self, chunk: u32, plain: &[u8]) -> Result<(), AssembleError> {
        let digest = self.plan.want.chunks()[chunk as usize].digest;
        for number in self.open_targets(Stored::Chunk(chunk)) {
            let target = *self.targets.get(number);
            let bytes = &plain[target.from as usize..][..target.length as usize];
            // A file from one piece is checked here, so that thousands of small ones need not be read again.
            let is_whole = self.is_whole(target.file, target.length);
            let content = || if bytes.len() == plain.len() { digest } else { Digest::of(bytes) };
            if is_whole && content() != self.plan.files[target.file as usize].content {
                return Err(AssembleError::WrongRecipe(self.files[target.file as usize].path.clone()));
            }
            self.write_target(number, bytes, is_whole)?;
        }
        Ok(())
    }

    /// The numbers of the targets that lack bytes of `stored`, in files that are being built.
    fn open_targets(&self, stored: Stored) -> Vec<usize> {
        let is_building = |number: &usize| {
            let file = self.targets.get(*number).file;
            !self.targets.is_done(*number) && self.files[file as usize].state == FileState::Building
        };
        self.targets.numbers(stored).filter(is_building).collect()
    }

    fn is_whole(&self, file: u32, length: u32) -> bool {
        self.plan.files.get(file as usize).is_some_and(|planned| planned.size == u64::from(length))
    }

    /// Writes the bytes of one target; with `is_verified` they are all of its file and have its digest.
    fn write_target(&mut self, number: usize, bytes: &[u8], is_verified: bool) -> Result<(), AssembleError> {
        let target = self.targets.get(number);
        let file = &mut self.files[target.file as usize];
        self.open.write_at(&file.on_disk, target.at, bytes)?;
        let is_end = |planned: &&PlannedFile| planned.size == target.at + bytes.len() as u64;
        let ended = self.plan.files.get(target.file as usize).filter(is_end);
        // The last piece of a file whose pieces came in order: its digest is known without reading it again.
        let is_right =
            |planned: &PlannedFile| self.open.digest_of(&file.on_disk, planned.size) == Some(planned.content);
        if is_verified || ended.is_some_and(is_right) {
            file.state = FileState::Verified;
            file.has_attributes = self.open.set_attributes(&file.on_disk, &file.node)?;
        }
        self.targets.set_done(number);
        Ok(())
    }

    /// The contents that can't be made.
    fn lost(&self) -> Vec<Digest> {
        let files = self.files.iter().zip(&self.plan.files);
        let lost = files.filter(|(file, _)| file.is_lost && file.state != FileState::Verified);
        lost.map(|(_, planned)| planned.content).collect()
    }
}

impl Accepted {
    fn count(&mut self, stored: Stored, bytes: u64) {
        match stored {
            Stored::Chunk(_) => self.chunks += 1,
            Stored::Segment(_) => self.segments += 1,
        }
        self.bytes += bytes;
    }
}

fn build_files(plan: &Plan, staging: &Path) -> Vec<BuildFile> {
    let tree = staging.join("tree");
    let mut paths = HashMap::new();
    for (path, file) in plan.want.tree().files() {
        paths.entry(file.digest).or_insert((path, *file));
    }
    let build = |planned: &PlannedFile| {
        let (path, node) = *paths.get(&planned.content).expect("a plan lists contents of its tree");
        let state = if planned.copy().is_some() { FileState::ToCopy } else { FileState::Building };
        BuildFile { on_disk: path.below(&tree), path: path.clone(), node, has_attributes: false, state, is_lost: false }
    };
    let mut files: Vec<BuildFile> = plan.files.iter().map(build).collect();
    let forms = plan.containers.iter().map(|planned| container::build_form(planned, &files, staging));
    let forms: Vec<BuildFile> = forms.collect();
    files.extend(forms);
    files
}

fn stored_of_packs(plan: &Plan) -> HashMap<Digest, Vec<Stored>> {
    let mut of_pack: HashMap<Digest, Vec<Stored>> = HashMap::new();
    for stored in plan.all_stored() {
        of_pack.entry(plan.range_of(stored).pack).or_default().push(stored);
    }
    for stored in of_pack.values_mut() {
        stored.sort_unstable_by_key(|stored| plan.range_of(*stored).offset);
    }
    of_pack
}
