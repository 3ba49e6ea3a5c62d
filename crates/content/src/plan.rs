//! Plans: for a wanted tree, which bytes are copied from held trees and which are fetched.
//!
//! A plan is plain data, the same for the same input, and explains itself. Every content comes the cheapest way that is known of it:
//! from a held file with the same digest, else from segments of an update, else from chunks, of which held files may have some.
//! Held bytes are only promised here; the [`crate::assemble::Assembly`] checks each before it is kept and says what turned out to be
//! damaged.

mod choose;
mod explain;
mod fetch;
mod held;
mod totals;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use dray_model::Digest;

use crate::manifest::{Manifest, PackInfo};
use crate::update::{BasePart, Container, Forms, OpenedBase, OutputPart, Place, Relocation, Segment, Update};

pub use choose::{Offer, choose};
pub(crate) use fetch::Stored;
pub use fetch::{FetchOptions, FetchRange};
use held::HeldFiles;
pub use held::{HeldChunk, HeldFile, HeldRange, HeldTreeId};
pub use totals::Totals;

/// How to get a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to be built, and from which chunks where chunks are the way.
    pub want: Arc<Manifest>,
    /// The tree that the update was made for; `None` when the plan was made from a manifest.
    pub from: Option<Digest>,
    /// The different non-empty contents of its files, in order of first appearance.
    pub files: Vec<PlannedFile>,
    /// Chunks (numbers in `want.chunks()`) that held files have.
    pub held_chunks: BTreeMap<u32, HeldChunk>,
    /// The update's segments whose base is held, in its order. Those are listed too whose contents are all copied: a copy may turn
    /// out to be damaged.
    pub segments: Vec<PlannedSegment>,
    /// The update's relocations of programs in bases.
    pub relocations: Vec<Relocation>,
    /// Held containers that segments need in their opened forms.
    pub opened: Vec<OpenedBase>,
    /// Contents that segments build in their opened forms.
    pub containers: Vec<PlannedContainer>,
    /// What to fetch, in the order of the packs and of the bytes in them.
    pub fetch: Vec<FetchRange>,
    /// How ranges were made.
    pub options: FetchOptions,
    /// Sums.
    pub totals: Totals,
}

/// A content of the wanted tree and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFile {
    /// BLAKE3 of the file.
    pub content: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How it is made.
    pub way: Way,
}

/// How a content is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// From a held file that is the same.
    Copy(HeldFile),
    /// From the update's segments.
    Segments,
    /// From chunks, held or fetched.
    Chunks,
}

/// A content that is built in its opened form and then closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedContainer {
    /// The content's number in `files`.
    pub file: u32,
    /// How it is closed.
    pub container: Container,
    /// The held file that this borrows from.
    pub lender: Option<HeldFile>,
}

/// A segment of an update, with the files that hold its base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSegment {
    /// Its difference.
    pub difference: PlannedDifference,
    /// The parts of held files that, one after the other, are its base.
    pub base: Vec<HeldRange>,
    /// Where its output goes.
    pub output: Vec<OutputPart>,
    /// BLAKE3 of its output; `None` when that is whole contents.
    pub digest: Option<Digest>,
}

/// Where the difference of a segment comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlannedDifference {
    /// It came with the update.
    Carried(Arc<[u8]>),
    /// It is fetched.
    Fetched {
        /// Where it is.
        range: FetchRange,
        /// BLAKE3 of it.
        digest: Digest,
    },
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The manifest at hand is partial and lacks a file that no held tree has: fetch its block.
    #[error("this manifest does not say how to build the file {}", .0.short())]
    NoRecipe(Digest),
    /// The update is for holders of another tree.
    #[error("the update builds from the file {}, which is missing", .0.short())]
    NoBase(Digest),
}

/// Decides how to get `want` with the help of the trees in `have`, the earlier in the list the better. Of a held tree the files
/// are enough; the recipes that its manifest has tell which chunks are in them.
///
/// # Errors
/// When a file is neither held nor has a recipe in `want`.
pub fn plan(want: &Arc<Manifest>, have: &[(HeldTreeId, &Manifest)], options: FetchOptions) -> Result<Plan, PlanError> {
    let contents = want.tree().contents();
    let held = HeldFiles::find(&contents.iter().map(|(content, _)| *content).collect(), have);
    let (segments, relocations, forms) = (Vec::new(), Vec::new(), Forms::default());
    Draft { want: want.clone(), from: None, segments, relocations, forms }.complete(&held, have, options)
}

/// Decides how to get the tree that `update` is for, with the help of the trees in `have`, one of which should be the tree that it
/// is from.
///
/// # Errors
/// When the tree that it is from, or what is needed of it, isn't held.
pub fn plan_update(update: Update, have: &[(HeldTreeId, &Manifest)], options: FetchOptions) -> Result<Plan, PlanError> {
    let Update { from, manifest, packs, segments, relocations, forms } = update;
    let contents = manifest.tree().contents();
    let closed = closed(&forms);
    let bases =
        segments.iter().flat_map(|segment| segment.base.iter().map(|part| closed_content(&closed, part.content)));
    let lenders = forms.containers.iter().filter_map(Container::lender);
    let needed = contents.iter().map(|(content, _)| *content).chain(bases).chain(lenders).collect();
    let held = HeldFiles::find(&needed, have);
    let is_lacking = |part: &OutputPart| held.get(&closed_content(&closed, part.content)).is_none();
    let lacking = forms.containers.iter().filter(|container| held.get(&container.content()).is_none());
    if let Some(lender) = lacking.filter_map(Container::lender).find(|lender| held.get(lender).is_none()) {
        return Err(PlanError::NoBase(lender));
    }
    let mut planned = Vec::with_capacity(segments.len());
    for segment in segments {
        match plan_segment(&segment, &packs, &forms.bases, &held) {
            Ok(segment) => planned.push(segment),
            Err(base) if segment.output.iter().any(is_lacking) => return Err(PlanError::NoBase(base)),
            Err(_) => {}
        }
    }
    let draft = Draft { want: Arc::new(manifest), from: Some(from), segments: planned, relocations, forms };
    draft.complete(&held, have, options)
}

/// Finds the base of a segment, or the content of it that isn't held.
fn plan_segment(
    segment: &Segment,
    packs: &[PackInfo],
    opened: &[OpenedBase],
    held: &HeldFiles,
) -> Result<PlannedSegment, Digest> {
    let base = |part: &BasePart| {
        let BasePart { offset, length, .. } = *part;
        let number = opened.iter().position(|base| base.form() == part.content);
        let content = number.map_or(part.content, |number| opened[number].content());
        let (file, size) = held.get(&content).ok_or(content)?;
        let opened = number.map(|number| number as u32);
        Ok::<_, Digest>(HeldRange { file: file.clone(), content, size, opened, offset, length })
    };
    let difference = match &segment.place {
        Place::Carried(difference) => PlannedDifference::Carried(Arc::clone(difference)),
        Place::Packed(at) => {
            let pack = packs[at.pack as usize].digest;
            let range = FetchRange { pack, offset: at.offset, length: at.length.into() };
            PlannedDifference::Fetched { range, digest: at.digest }
        }
    };
    Ok(PlannedSegment {
        difference,
        base: segment.base.iter().map(base).collect::<Result<_, _>>()?,
        output: segment.output.clone(),
        digest: segment.digest,
    })
}

/// The contents of opened forms.
fn closed(forms: &Forms) -> HashMap<Digest, Digest> {
    let bases = forms.bases.iter().map(|base| (base.form(), base.content()));
    bases.chain(forms.containers.iter().map(|container| (container.form(), container.content()))).collect()
}

/// The content that is meant in a segment.
fn closed_content(closed: &HashMap<Digest, Digest>, content: Digest) -> Digest {
    closed.get(&content).copied().unwrap_or(content)
}

/// What is known before ways are chosen.
struct Draft {
    want: Arc<Manifest>,
    from: Option<Digest>,
    segments: Vec<PlannedSegment>,
    relocations: Vec<Relocation>,
    forms: Forms,
}

impl Draft {
    fn complete(
        self,
        held: &HeldFiles,
        have: &[(HeldTreeId, &Manifest)],
        options: FetchOptions,
    ) -> Result<Plan, PlanError> {
        let Self { want, from, segments, relocations, forms } = self;
        let closed = closed(&forms);
        let files = plan_files(&want, &segments, &closed, held)?;
        let numbers: HashMap<Digest, u32> = files.iter().map(|file| file.content).zip(0..).collect();
        let Forms { bases: opened, containers } = forms;
        let containers = containers.into_iter().filter_map(|container| {
            let file = *numbers.get(&container.content())?;
            let lender = container.lender().and_then(|lender| held.get(&lender)).map(|(file, _)| file.clone());
            Some(PlannedContainer { file, container, lender })
        });
        let containers = containers.collect();
        let chunks = needed_chunks(&want, &files);
        let held_chunks = held::find_chunks(&want, &chunks, have);
        let totals = Totals::default();
        let fetch = Vec::new();
        let mut plan =
            Plan { want, from, files, held_chunks, segments, relocations, opened, containers, fetch, options, totals };
        let segments = needed_segments(&plan);
        let is_fetched = |number: &u32| plan.segments[*number as usize].range().is_some();
        let missing: Vec<Stored> = chunks
            .into_iter()
            .filter(|chunk| !plan.held_chunks.contains_key(chunk))
            .map(Stored::Chunk)
            .chain(segments.iter().copied().filter(is_fetched).map(Stored::Segment))
            .collect();
        plan.fetch = plan.ranges(&missing);
        plan.totals = totals::total(&plan, &missing, &segments);
        Ok(plan)
    }
}

impl PlannedSegment {
    /// What is fetched of it.
    pub(crate) const fn range(&self) -> Option<FetchRange> {
        match self.difference {
            PlannedDifference::Carried(_) => None,
            PlannedDifference::Fetched { range, .. } => Some(range),
        }
    }

    /// Bytes of its difference.
    fn difference_bytes(&self) -> u64 {
        match &self.difference {
            PlannedDifference::Carried(difference) => difference.len() as u64,
            PlannedDifference::Fetched { range, .. } => range.length,
        }
    }
}

impl PlannedFile {
    /// The held file that it is copied from, if it is.
    #[must_use]
    pub const fn copy(&self) -> Option<&HeldFile> {
        match &self.way {
            Way::Copy(held) => Some(held),
            Way::Segments | Way::Chunks => None,
        }
    }
}

impl Plan {
    /// The content digest of the wanted tree.
    #[must_use]
    pub fn content(&self) -> Digest {
        self.want.tree().digest()
    }

    /// What the plan does and what each way gives, for people.
    #[must_use]
    pub fn explain(&self) -> String {
        explain::explain(self)
    }

    /// One line for each file of the tree, in order of path: its way, its size, what of it is fetched.
    #[must_use]
    pub fn explain_files(&self) -> String {
        explain::explain_files(self)
    }
}

fn plan_files(
    want: &Manifest,
    segments: &[PlannedSegment],
    closed: &HashMap<Digest, Digest>,
    held: &HeldFiles,
) -> Result<Vec<PlannedFile>, PlanError> {
    let outputs = segments.iter().flat_map(|segment| &segment.output);
    let in_segments: HashSet<Digest> = outputs.map(|part| closed_content(closed, part.content)).collect();
    let way = |content: &Digest| match held.get(content) {
        Some((file, _)) => Ok(Way::Copy(file.clone())),
        None if in_segments.contains(content) => Ok(Way::Segments),
        None if want.recipe(content).is_some() => Ok(Way::Chunks),
        None => Err(PlanError::NoRecipe(*content)),
    };
    let contents = want.tree().contents().into_iter();
    contents.map(|(content, size)| Ok(PlannedFile { content, size, way: way(&content)? })).collect()
}

/// The chunks of files that are built from chunks, each once, ascending.
fn needed_chunks(want: &Manifest, files: &[PlannedFile]) -> Vec<u32> {
    let built = files.iter().filter(|file| file.way == Way::Chunks);
    let pieces = built.flat_map(|file| want.recipe(&file.content).into_iter().flatten());
    let mut needed: Vec<u32> = pieces.map(|piece| piece.chunk).collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// The segments that build a file which isn't copied.
fn needed_segments(plan: &Plan) -> Vec<u32> {
    let built = plan.files.iter().filter(|file| file.way == Way::Segments);
    let mut built: HashSet<Digest> = built.map(|file| file.content).collect();
    let forms = plan.containers.iter().map(|planned| &planned.container);
    let forms: Vec<Digest> =
        forms.filter(|container| built.contains(&container.content())).map(Container::form).collect();
    built.extend(forms);
    let segments = plan.segments.iter().zip(0..);
    let needed = segments.filter(|(segment, _)| segment.output.iter().any(|part| built.contains(&part.content)));
    needed.map(|(_, number)| number).collect()
}
