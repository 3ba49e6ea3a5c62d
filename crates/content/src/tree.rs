//! Trees: what a package's content *is*, whatever way its bytes travel.
//!
//! A [`Tree`] is a sorted list of folders, files and links with their rights and times. Every folder is an entry of its own, so a
//! given folder on disk has exactly one tree, one encoding and one digest: the content digest, the only identity that is signed.
//! What not every computer can make of a tree is said by [`Tree::requires`], so that one that can't refuses it before it begins.

pub(crate) mod check;
mod encoding;
mod extension;

use dray_model::Digest;
use dray_model::package::{OUTSIDE_LINKS, UNIX_NAMES};

use crate::attributes::{FileMode, FolderMode, ModifiedAt};
use crate::codec::DecodeError;
use crate::limits::Limits;
use crate::path::{InvalidPath, LinkTarget, OutsideTarget, TreePath};

pub use extension::Extension;

/// A legal tree: entries sorted by the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    entries: Vec<Entry>,
    /// Sorted by name.
    extensions: Vec<Extension>,
    /// Whether some name or target can't be held by every system.
    has_unix_names: bool,
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
    Directory(FolderNode),
    /// A file.
    File(FileNode),
    /// A symbolic link that stays in the tree.
    Link(LinkTarget),
    /// A symbolic link of which that can't be said. Made as it is, never followed.
    OutsideLink(OutsideTarget),
}

/// A folder's attributes; its name is in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderNode {
    /// Who may do what. Always [`FolderMode::PLAIN`] for content made on Windows.
    pub mode: FolderMode,
    /// When it was last changed.
    pub modified: ModifiedAt,
}

/// A file's attributes; its name is in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileNode {
    /// Length in bytes.
    pub size: u64,
    /// BLAKE3 of its bytes.
    pub digest: Digest,
    /// Who may do what. Always [`FileMode::PLAIN`] for content made on Windows.
    pub mode: FileMode,
    /// When it was last changed.
    pub modified: ModifiedAt,
}

/// Why entries don't make a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTree {
    /// A path that is there twice.
    #[error("{0} appears twice")]
    Duplicate(TreePath),
    /// An entry below something that is not a folder: a file, a link, or nothing.
    #[error("the folder of {0} is not in the tree")]
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
    #[error("the size of {0} does not match its digest")]
    Size(TreePath),
    /// The sizes add up to more than 64 bits.
    #[error("the total size of the files is too large")]
    TooLarge,
    /// An extension whose name is none, is taken, or means something else.
    #[error("the tree cannot have an extension named \"{}\"", .0.escape_default())]
    Extension(String),
}

impl Tree {
    /// Sorts `entries` and checks that they make a tree.
    ///
    /// # Errors
    /// When a path is there twice or not in a folder, a link leads outside, or sizes contradict digests.
    pub fn new(entries: Vec<Entry>) -> Result<Self, InvalidTree> {
        Self::with_extensions(entries, Vec::new())
    }

    /// The same, with what a later version says of the entries. It is kept and encoded as it is.
    ///
    /// # Errors
    /// As [`Tree::new`], and when a name of an extension is none, or there twice.
    pub fn with_extensions(mut entries: Vec<Entry>, extensions: Vec<Extension>) -> Result<Self, InvalidTree> {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let mut tree = Self { entries, extensions, has_unix_names: false };
        tree.has_unix_names = check::check(&tree)?;
        tree.extensions = extension::sorted(tree.extensions)?;
        Ok(tree)
    }

    /// Whether a content digest is that of the tree without entries, which everybody holds.
    #[must_use]
    pub fn is_nothing(content: &Digest) -> bool {
        *content == Self::default().digest()
    }

    /// What a computer must be able to do to hold this tree, in order: [`UNIX_NAMES`], [`OUTSIDE_LINKS`], and what extensions of
    /// later versions ask for.
    #[must_use]
    pub fn requires(&self) -> Vec<String> {
        let known = [(OUTSIDE_LINKS, self.outside_links().next().is_some()), (UNIX_NAMES, self.has_unix_names)];
        let known = known.into_iter().filter(|(_, is_required)| *is_required).map(|(name, _)| name.to_owned());
        let later = self.extensions.iter().filter(|extension| extension.is_required);
        let mut requires: Vec<String> = known.chain(later.map(|extension| extension.name.clone())).collect();
        requires.sort_unstable();
        requires
    }

    /// Whether `other` differs in nothing but when files and folders were last changed, if at all.
    #[must_use]
    pub fn is_same_but_for_times(&self, other: &Self) -> bool {
        let timeless = |node: &Node| match node {
            Node::Directory(folder) => Node::Directory(FolderNode { modified: ModifiedAt::default(), ..*folder }),
            Node::File(file) => Node::File(FileNode { modified: ModifiedAt::default(), ..*file }),
            Node::Link(_) | Node::OutsideLink(_) => node.clone(),
        };
        let same = |(a, b): (&Entry, &Entry)| a.path == b.path && timeless(&a.node) == timeless(&b.node);
        self.entries.len() == other.entries.len()
            && self.extensions == other.extensions
            && self.entries.iter().zip(&other.entries).all(same)
    }

    /// The links that lead out, in order.
    pub fn outside_links(&self) -> impl Iterator<Item = (&TreePath, &OutsideTarget)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::OutsideLink(target) => Some((&entry.path, target)),
            Node::Directory(_) | Node::File(_) | Node::Link(_) => None,
        })
    }

    /// The entries in order of their paths' bytes; a folder comes before what is in it.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry at `path`.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_bytes().cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// The folders with their paths, in order.
    pub fn folders(&self) -> impl DoubleEndedIterator<Item = (&TreePath, &FolderNode)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::Directory(folder) => Some((&entry.path, folder)),
            Node::File(_) | Node::Link(_) | Node::OutsideLink(_) => None,
        })
    }

    /// The files with their paths, in order.
    pub fn files(&self) -> impl Iterator<Item = (&TreePath, &FileNode)> {
        self.entries.iter().filter_map(|entry| match &entry.node {
            Node::File(file) => Some((&entry.path, file)),
            Node::Directory(_) | Node::Link(_) | Node::OutsideLink(_) => None,
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

impl Node {
    /// Whether it is a folder.
    #[must_use]
    pub const fn is_directory(&self) -> bool {
        matches!(self, Self::Directory(_))
    }
}

impl FileNode {
    /// A file with the rights that files mostly have, of 1970.
    #[must_use]
    pub const fn plain(size: u64, digest: Digest) -> Self {
        Self { size, digest, mode: FileMode::PLAIN, modified: ModifiedAt::EPOCH }
    }
}

impl From<InvalidTree> for DecodeError {
    fn from(invalid: InvalidTree) -> Self {
        Self::illegal("tree", invalid)
    }
}

#[cfg(test)]
mod tests;
