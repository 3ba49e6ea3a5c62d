//! Plans: for a wanted tree, which bytes are copied from held trees and which are fetched.
//!
//! A plan is plain data, the same for the same input, and explains itself. For every file it takes the cheapest way: a held file
//! with the same digest, else chunks from held files, else ranges of packs. Held bytes are only promised here; the
//! [`crate::assemble::Assembly`] checks each before it is used and asks for what turns out to be damaged.

mod explain;
mod fetch;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use dray_model::Digest;

use crate::manifest::Manifest;
use crate::path::TreePath;
use crate::tree::Node;

pub(crate) use fetch::ranges;
pub use fetch::{FetchOptions, FetchRange};

/// A tree on the client's disk, named by its content digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeldTreeId(pub Digest);

/// A file of a held tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldFile {
    /// The tree.
    pub tree: HeldTreeId,
    /// The file in it.
    pub path: TreePath,
}

/// Where a chunk's plain bytes are in a held file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChunk {
    /// The file.
    pub file: HeldFile,
    /// Where the chunk begins in it.
    pub offset: u64,
}

/// How to get a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is to be built.
    pub want: Arc<Manifest>,
    /// The different non-empty contents of its files, in order of first appearance.
    pub files: Vec<PlannedFile>,
    /// Chunks (numbers in `want.chunks()`) that held files have.
    pub held_chunks: BTreeMap<u32, HeldChunk>,
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
    /// The held file that is the same, or `None` when it is built from chunks.
    pub copy: Option<HeldFile>,
}

/// What a plan costs. All in bytes unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The wanted tree's files.
    pub whole_bytes: u64,
    /// Contents that are copied as whole files, counted once each.
    pub copied_bytes: u64,
    /// Files of other contents whose chunks are in held files.
    pub reused_bytes: u64,
    /// To be fetched, gaps between chunks included.
    pub fetch_bytes: u64,
    /// What would be fetched without any held tree, gaps not counted.
    pub fetch_all_bytes: u64,
    /// Free space that building takes: files rounded up to blocks of 4 KiB, a block for each folder and link.
    pub disk_bytes: u64,
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The manifest at hand is partial and lacks a file that no held tree has: fetch its block.
    #[error("the manifest at hand doesn't say how to build the file {}", .0.short())]
    NoRecipe(Digest),
}

/// Decides how to get `want` with the help of the trees in `have`, the earlier in the list the better.
///
/// # Errors
/// When a file is neither held nor has a recipe in `want`.
pub fn plan(want: &Arc<Manifest>, have: &[(HeldTreeId, &Manifest)], options: FetchOptions) -> Result<Plan, PlanError> {
    let files = plan_files(want, have);
    let needed = needed_chunks(want, &files)?;
    let held_chunks = find_chunks(want, &needed, have);
    let missing = needed.iter().copied().filter(|chunk| !held_chunks.contains_key(chunk));
    let fetch = ranges(want, missing.collect(), options);
    let totals = total(want, &files, &held_chunks, &fetch);
    Ok(Plan { want: want.clone(), files, held_chunks, fetch, options, totals })
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
}

impl fmt::Display for HeldTreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn plan_files(want: &Manifest, have: &[(HeldTreeId, &Manifest)]) -> Vec<PlannedFile> {
    let mut held: HashMap<Digest, HeldFile> = HashMap::new();
    let contents = want.tree().contents();
    let wanted: std::collections::HashSet<Digest> = contents.iter().map(|(content, _)| *content).collect();
    for (tree, manifest) in have {
        for (path, file) in manifest.tree().files().filter(|(_, file)| wanted.contains(&file.digest)) {
            held.entry(file.digest).or_insert_with(|| HeldFile { tree: *tree, path: path.clone() });
        }
    }
    let planned = |(content, size)| PlannedFile { content, size, copy: held.remove(&content) };
    contents.into_iter().map(planned).collect()
}

/// The chunks of files that are not copied, each once, ascending.
fn needed_chunks(want: &Manifest, files: &[PlannedFile]) -> Result<Vec<u32>, PlanError> {
    let mut needed = Vec::new();
    for file in files.iter().filter(|file| file.copy.is_none()) {
        let pieces = want.recipe(&file.content).ok_or(PlanError::NoRecipe(file.content))?;
        needed.extend(pieces.iter().map(|piece| piece.chunk));
    }
    needed.sort_unstable();
    needed.dedup();
    Ok(needed)
}

/// Which of the chunks `needed` are in held files in one run.
fn find_chunks(want: &Manifest, needed: &[u32], have: &[(HeldTreeId, &Manifest)]) -> BTreeMap<u32, HeldChunk> {
    let numbers: HashMap<Digest, u32> =
        needed.iter().map(|chunk| (want.chunks()[*chunk as usize].digest, *chunk)).collect();
    let mut found = BTreeMap::new();
    for (tree, manifest) in have {
        let mut seen = std::collections::HashSet::new();
        for (path, file) in manifest.tree().files().filter(|(_, file)| seen.insert(file.digest)) {
            let mut offset = 0;
            for piece in manifest.recipe(&file.digest).into_iter().flatten() {
                let chunk = &manifest.chunks()[piece.chunk as usize];
                if let Some(number) = numbers.get(&chunk.digest).filter(|_| piece.length == chunk.length) {
                    let file = || HeldFile { tree: *tree, path: path.clone() };
                    found.entry(*number).or_insert_with(|| HeldChunk { file: file(), offset });
                }
                offset += u64::from(piece.length);
            }
        }
    }
    found
}

fn total(
    want: &Manifest,
    files: &[PlannedFile],
    held_chunks: &BTreeMap<u32, HeldChunk>,
    fetch: &[FetchRange],
) -> Totals {
    let tree = want.tree();
    let block = 4096;
    let disk = tree.entries().iter().map(|entry| match &entry.node {
        Node::File(file) => file.size.div_ceil(block) * block,
        Node::Directory | Node::Link(_) | Node::OutsideLink(_) => block,
    });
    let built = files.iter().filter(|file| file.copy.is_none());
    let reused = built.flat_map(|file| want.recipe(&file.content).into_iter().flatten());
    Totals {
        whole_bytes: tree.total_bytes(),
        copied_bytes: files.iter().filter(|file| file.copy.is_some()).map(|file| file.size).sum(),
        reused_bytes: reused.filter(|p| held_chunks.contains_key(&p.chunk)).map(|p| u64::from(p.length)).sum(),
        fetch_bytes: fetch.iter().map(|range| range.length).sum(),
        fetch_all_bytes: want.chunks().iter().map(|chunk| u64::from(chunk.stored_length)).sum(),
        disk_bytes: disk.sum(),
    }
}
