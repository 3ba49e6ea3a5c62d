//! Which old contents a new one is made from: by what both have in common, then by path, then by a path that looks alike.
//!
//! Content comes first because files are renamed: a library whose name holds a version or a hash is found by its bytes (numpy's
//! update takes 0.9 MB that way and 5.2 MB by name). Shared chunks are known from the manifests; only files that neither they nor
//! the path explain are read and cut finer.

use std::collections::HashMap;
use std::ops::Range;

use dray_model::Digest;

use super::super::numbering::{Numbering, Sized};
use super::{PrepareError, Source};
use crate::manifest::Manifest;
use crate::path::TreePath;
use crate::tree::Tree;

mod fine;
mod name;

pub(super) use name::outline;

/// Bases of one file, at most.
const BASES_MAX: usize = 4;
/// The part of a file that it must share with another than its namesake, beyond what it shares with that, to be taken for its heir.
const HEIR_PART: u64 = 4;
/// What a file that has no namesake must share with another to be taken for its heir.
const ORPHAN_BYTES: u64 = 8 << 10;
/// The part of a file that a further base must share with it.
const FURTHER_PART: u64 = 16;

/// A content that the old tree lacks.
pub(super) struct FileToBuild<'a> {
    pub(super) content: Digest,
    /// The first of its paths.
    pub(super) path: &'a TreePath,
    /// Old contents or forms with their sizes, the most useful first.
    pub(super) bases: Vec<Sized>,
    /// Whether it is a program, so that its base may be relocated.
    pub(super) is_program: bool,
    /// What segments build: the content, or its opened form.
    pub(super) output: Sized,
    /// What its opened form takes in the update.
    pub(super) listed_bytes: u64,
    /// Programs within its opened form, in order, each with the range of the base's opened form that it is made from.
    pub(super) programs: Vec<InnerProgram>,
}

/// A program within an opened form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InnerProgram {
    /// Where the old program is in the base.
    pub(super) base: Range<u64>,
    /// Where the program is in the output.
    pub(super) output: Range<u64>,
}

/// The number of a content in the list of bases.
type BaseNumber = u32;
/// Old contents with the bytes that a file shares with them, most first.
type Shared = Vec<(BaseNumber, u64)>;

/// Finds bases for all wanted contents, in the order of their paths.
pub(super) fn find<'a>(
    old: &Source<'_>,
    new: &'a Source<'_>,
    numbering: &Numbering,
) -> Result<Vec<FileToBuild<'a>>, PrepareError> {
    let paths = paths(new.manifest.tree());
    let names = name::Names::new(old.manifest.tree(), &numbering.base);
    let chunks = Chunks::new(old.manifest, &numbering.base);
    let mut bases: Vec<Vec<BaseNumber>> = Vec::with_capacity(numbering.wanted.len());
    let mut orphans = Vec::new();
    for (at, (content, size)) in numbering.wanted.iter().enumerate() {
        let namesake = paths[content].iter().find_map(|path| names.same(path));
        let shared = chunks.shared(new.manifest, content);
        let found = by_content(*size, namesake, &shared, size / HEIR_PART);
        if found.is_empty() {
            orphans.push(at);
        }
        bases.push(found);
    }
    let fine = fine::Fine::new(old, numbering, orphans.iter().map(|at| numbering.wanted[*at].1).sum())?;
    for at in orphans {
        let (content, size) = &numbering.wanted[at];
        let shared = fine.shared(new, content, *size)?;
        bases[at] = by_content(*size, None, &shared, ORPHAN_BYTES.min(size / HEIR_PART));
        if bases[at].is_empty() {
            bases[at] = paths[content].iter().find_map(|path| names.alike(path, *size)).into_iter().collect();
        }
    }
    let file = |((content, size), bases): (&Sized, Vec<BaseNumber>)| FileToBuild {
        content: *content,
        path: paths[content][0],
        bases: bases.into_iter().map(|number| numbering.base[number as usize]).collect(),
        is_program: false,
        output: (*content, *size),
        listed_bytes: 0,
        programs: Vec::new(),
    };
    Ok(numbering.wanted.iter().zip(bases).map(file).collect())
}

/// The namesake, unless others share so many bytes more with the file that they are its `heir`.
fn by_content(size: u64, namesake: Option<BaseNumber>, shared: &Shared, heir: u64) -> Vec<BaseNumber> {
    let with = |number| shared.iter().find(|(base, _)| *base == number).map_or(0, |(_, bytes)| *bytes);
    let best = shared.first().filter(|(_, bytes)| *bytes >= namesake.map_or(0, with) + heir);
    let Some((best, _)) = best else { return namesake.into_iter().collect() };
    let enough = |(_, bytes): &&(BaseNumber, u64)| *bytes >= size / FURTHER_PART;
    let further = shared.iter().skip(1).take(BASES_MAX - 1).filter(enough);
    std::iter::once(*best).chain(further.map(|(number, _)| *number)).collect()
}

/// The paths of each content, in order.
fn paths(tree: &Tree) -> HashMap<Digest, Vec<&TreePath>> {
    let mut paths: HashMap<Digest, Vec<&TreePath>> = HashMap::new();
    for (path, file) in tree.files() {
        paths.entry(file.digest).or_default().push(path);
    }
    paths
}

/// Adds up what a file shares with each base.
fn ranked(shares: impl Iterator<Item = (BaseNumber, u64)>) -> Shared {
    let mut sums: HashMap<BaseNumber, u64> = HashMap::new();
    shares.for_each(|(base, bytes)| *sums.entry(base).or_default() += bytes);
    let mut ranked: Shared = sums.into_iter().collect();
    ranked.sort_unstable_by_key(|(base, bytes)| (std::cmp::Reverse(*bytes), *base));
    ranked
}

/// For each chunk that lies in an old content the first such content.
struct Chunks {
    owners: HashMap<Digest, BaseNumber>,
}

impl Chunks {
    fn new(old: &Manifest, bases: &[Sized]) -> Self {
        let mut owners = HashMap::new();
        for (number, (content, _)) in bases.iter().enumerate() {
            for piece in old.recipe(content).into_iter().flatten() {
                owners.entry(old.chunks()[piece.chunk as usize].digest).or_insert(number as BaseNumber);
            }
        }
        Self { owners }
    }

    fn shared(&self, new: &Manifest, content: &Digest) -> Shared {
        let pieces = new.recipe(content).into_iter().flatten();
        ranked(pieces.filter_map(|piece| {
            let owner = self.owners.get(&new.chunks()[piece.chunk as usize].digest)?;
            Some((*owner, u64::from(piece.length)))
        }))
    }
}
