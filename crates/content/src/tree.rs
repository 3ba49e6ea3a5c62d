//! Trees: what a package's content *is*, whatever way its bytes travel.
//!
//! A [`Tree`] is a sorted list of folders, files and links that any system can hold. Every folder is an entry of its own, so a
//! given folder on disk has exactly one tree, one encoding and one digest: the content digest, the only identity that is signed.

mod encoding;

use std::collections::HashMap;

use dray_model::Digest;

use crate::codec::DecodeError;
use crate::limits::Limits;
use crate::path::{InvalidPath, LinkTarget, OutsideTarget, TreePath};

/// A legal tree: entries sorted by the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    entries: Vec<Entry>,
}

/// One path of a tree and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: TreePath,
    /// What it is.
    pub node: Node,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A folder.
    Directory,
    /// A file.
    File(FileNode),
    /// A symbolic link that stays in the tree.
    Link(LinkTarget),
    /// A symbolic link of which that can't be said. Made as it is, never followed.
    OutsideLink(OutsideTarget),
}

/// A file's attributes; its name is in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNode {
    /// Length in bytes.
    pub size: u64,
    /// Whether its owner may execute it (always false for content made on Windows).
    pub executable: bool,
    /// BLAKE3 of its bytes.
    pub digest: Digest,
}

/// Why entries don't make a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTree {
    /// A path that is there twice.
    #[error("{0} is there twice")]
    Duplicate(TreePath),
    /// Two paths that are one where case is ignored.
    #[error("{0} and {1} are the same name where upper and lower case are (Windows, macOS)")]
    CaseClash(TreePath, TreePath),
    /// An entry below something that is no folder: a file, a link, or nothing.
    #[error("{0} is not in a folder of the tree")]
    NotInDirectory(TreePath),
    /// A link with a target that is not of its kind: one that leads out of the tree, or one that is said to and doesn't.
    #[error("the link {path} is not allowed")]
    Link {
        /// Where the link is.
        path: TreePath,
        /// What is wrong with its target.
        source: InvalidPath,
    },
    /// A size that can't be right: two sizes for one digest, or an empty file with another digest than that of nothing.
    #[error("the size of {0} contradicts its digest")]
    Size(TreePath),
    /// The sizes add up to more than 64 bits.
    #[error("the files are too large together")]
    TooLarge,
}

impl From<InvalidTree> for DecodeError {
    fn from(invalid: InvalidTree) -> Self {
        Self::illegal("tree", invalid)
    }
}

impl Tree {
    /// Sorts `entries` and checks that they make a tree.
    ///
    /// # Errors
    /// When a path is there twice or clashes by case, is not in a folder, a link leads outside, or sizes contradict digests.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, InvalidTree> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let tree = Self { entries };
        tree.check()?;
        Ok(tree)
    }

    /// Whether a content digest is that of the tree without entries, which everybody holds.
    #[must_use]
    pub fn is_nothing(content: &Digest) -> bool {
        *content == Self::default().digest()
    }

    fn check(&self) -> Result<(), InvalidTree> {
        let mut folded: HashMap<String, &TreePath> = HashMap::with_capacity(self.entries.len());
        let mut sizes = HashMap::from([(Digest::of(b""), 0)]);
        let mut total = 0u64;
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 && self.entries[at - 1].path == entry.path {
                return Err(InvalidTree::Duplicate(entry.path.clone()));
            }
            if let Some(other) = folded.insert(entry.path.folded(), &entry.path) {
                return Err(InvalidTree::CaseClash(other.clone(), entry.path.clone()));
            }
            if entry.path.parent().is_some_and(|parent| !self.is_directory(parent)) {
                return Err(InvalidTree::NotInDirectory(entry.path.clone()));
            }
            match &entry.node {
                Node::Directory => {}
                Node::Link(target) => check_link(&entry.path, target.resolved(&entry.path))?,
                Node::OutsideLink(target) => {
                    check_link(&entry.path, OutsideTarget::parse_at(&entry.path, target.as_str()))?;
                }
                Node::File(file) => {
                    let known = *sizes.entry(file.digest).or_insert(file.size);
                    if known != file.size || (file.size == 0 && file.digest != Digest::of(b"")) {
                        return Err(InvalidTree::Size(entry.path.clone()));
                    }
                    total = total.checked_add(file.size).ok_or(InvalidTree::TooLarge)?;
                }
            }
        }
        Ok(())
    }

    /// The links that lead out, in order.
    pub fn outside_links(&self) -> impl Iterator<Item = (&TreePath, &OutsideTarget)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::OutsideLink(target) => Some((&entry.path, target)),
            Node::Directory | Node::File(_) | Node::Link(_) => None,
        })
    }

    fn is_directory(&self, path: &str) -> bool {
        self.get(path).is_some_and(|entry| entry.node == Node::Directory)
    }

    /// The entries in order of their paths' bytes; a folder comes before what is in it.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// The files with their paths, in order.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &FileNode)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::File(file) => Some((&entry.path, file)),
            Node::Directory | Node::Link(_) | Node::OutsideLink(_) => None,
        })
    }

    /// The different contents of its non-empty files (digest and size), in order of their first appearance.
    #[must_use]
    pub fn contents(&self) -> Vec<(Digest, u64)> {
        let mut seen = std::collections::HashSet::new();
        let files = self.files().filter(|(_, file)| file.size > 0);
        files.filter(|(_, file)| seen.insert(file.digest)).map(|(_, file)| (file.digest, file.size)).collect()
    }

    /// Sum of the files' sizes in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.files().map(|(_, file)| file.size).sum()
    }

    /// How many files there are.
    #[must_use]
    pub fn file_count(&self) -> u64 {
        self.files().count() as u64
    }

    /// The content digest: BLAKE3 of the canonical encoding.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// The canonical encoding (`docs/formats.md`, "Tree"): equal trees have equal bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads a canonical encoding.
    ///
    /// # Errors
    /// When the bytes are not the canonical encoding of a legal tree within `limits`.
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, DecodeError> {
        encoding::decode(bytes, limits)
    }
}

fn check_link<T>(path: &TreePath, checked: Result<T, InvalidPath>) -> Result<(), InvalidTree> {
    checked.map(|_| ()).map_err(|source| InvalidTree::Link { path: path.clone(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, node: Node) -> Entry {
        Entry { path: path.parse().unwrap(), node }
    }

    fn file(path: &str, bytes: &[u8]) -> Entry {
        let node = FileNode { size: bytes.len() as u64, executable: false, digest: Digest::of(bytes) };
        entry(path, Node::File(node))
    }

    fn link(path: &str, target: &str) -> Entry {
        entry(path, Node::Link(LinkTarget::parse(target).unwrap()))
    }

    #[test]
    fn names_that_clash_by_case_are_refused() {
        for (a, b) in [("Readme", "README"), ("straße", "STRASSE"), ("É", "é")] {
            let clash = Tree::new(vec![file(a, b"1"), file(b, b"2")]).unwrap_err();
            assert!(matches!(clash, InvalidTree::CaseClash(..)), "{a} {b}");
        }
        let folders = vec![entry("A", Node::Directory), entry("a", Node::Directory)];
        assert!(matches!(Tree::new(folders), Err(InvalidTree::CaseClash(..))));
    }

    #[test]
    fn a_file_under_a_link_a_file_or_nothing_is_refused() {
        let outside = entry("d", Node::OutsideLink(OutsideTarget::parse_at(&"d".parse().unwrap(), "/etc").unwrap()));
        for parent in [vec![link("d", ".")], vec![outside], vec![file("d", b"x")], vec![]] {
            let entries = parent.into_iter().chain([file("d/f", b"y")]).collect();
            assert_eq!(Tree::new(entries), Err(InvalidTree::NotInDirectory("d/f".parse().unwrap())));
        }
        assert!(Tree::new(vec![file("d/f", b"y"), entry("d", Node::Directory)]).is_ok());
    }

    #[test]
    fn a_link_out_of_the_tree_is_refused() {
        assert!(matches!(Tree::new(vec![link("l", "../x")]), Err(InvalidTree::Link { .. })));
        assert!(Tree::new(vec![entry("d", Node::Directory), link("d/l", "../x")]).is_ok());
    }

    #[test]
    fn an_outside_link_must_lead_out_from_where_it_is() {
        let outside = |path: &str, seen_from: &str| {
            let target = OutsideTarget::parse_at(&seen_from.parse().unwrap(), "../x").unwrap();
            Tree::new(vec![entry("d", Node::Directory), entry(path, Node::OutsideLink(target))])
        };
        let tree = outside("l", "l").unwrap();
        assert_eq!(tree.outside_links().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["l"]);
        assert!(matches!(outside("d/l", "l"), Err(InvalidTree::Link { .. })));
    }

    #[test]
    fn sizes_that_contradict_digests_are_refused() {
        let lying = |size, digest| entry("f", Node::File(FileNode { size, executable: false, digest }));
        assert!(matches!(Tree::new(vec![lying(1, Digest::of(b""))]), Err(InvalidTree::Size(_))));
        assert!(matches!(Tree::new(vec![lying(0, Digest::of(b"x"))]), Err(InvalidTree::Size(_))));
        assert!(matches!(Tree::new(vec![lying(9, Digest::of(b"x")), file("g", b"x")]), Err(InvalidTree::Size(_))));
    }

    #[test]
    fn contents_are_the_different_non_empty_ones_in_order() {
        let tree = Tree::new(vec![file("c", b"1"), file("a", b"2"), file("b", b""), file("d", b"2")]).unwrap();
        assert_eq!(tree.contents(), [(Digest::of(b"2"), 1), (Digest::of(b"1"), 1)]);
        assert_eq!((tree.file_count(), tree.total_bytes()), (4, 3));
    }
}
