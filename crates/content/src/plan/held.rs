//! What held trees have of a wanted one: whole files, and chunks inside of files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use dray_model::Digest;

use crate::manifest::Manifest;
use crate::path::TreePath;

/// A tree on the client's disk, named by its content digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeldTreeId(pub Digest);

impl fmt::Display for HeldTreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A file of a held tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A part of a held file that a segment is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRange {
    /// The file.
    pub file: HeldFile,
    /// BLAKE3 of the file.
    pub content: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The range is one of the file's opened form: which of the plan's `opened`.
    pub opened: Option<u32>,
    /// Where the range begins in the file or its opened form.
    pub offset: u64,
    /// Bytes of the range.
    pub length: u64,
}

/// For contents of interest the first held file that is the same, and its size.
pub(super) struct HeldFiles(HashMap<Digest, (HeldFile, u64)>);

impl HeldFiles {
    pub(super) fn find(wanted: &HashSet<Digest>, have: &[(HeldTreeId, &Manifest)]) -> Self {
        let mut found = HashMap::new();
        for (tree, manifest) in have {
            for (path, file) in manifest.tree().files().filter(|(_, file)| wanted.contains(&file.digest)) {
                let held = || (HeldFile { tree: *tree, path: path.clone() }, file.size);
                found.entry(file.digest).or_insert_with(held);
            }
        }
        Self(found)
    }

    pub(super) fn get(&self, content: &Digest) -> Option<(&HeldFile, u64)> {
        self.0.get(content).map(|(file, size)| (file, *size))
    }
}

/// Which of the chunks `needed` are in held files in one run.
pub(super) fn find_chunks(
    want: &Manifest,
    needed: &[u32],
    have: &[(HeldTreeId, &Manifest)],
) -> BTreeMap<u32, HeldChunk> {
    let numbers: HashMap<Digest, u32> =
        needed.iter().map(|chunk| (want.chunks()[*chunk as usize].digest, *chunk)).collect();
    let mut found = BTreeMap::new();
    for (tree, manifest) in have {
        let mut seen = HashSet::new();
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
