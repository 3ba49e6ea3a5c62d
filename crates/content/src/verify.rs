//! Whether a folder on disk is still the tree that it should be.
//!
//! Used before a program runs and by whoever holds trees for others. Follows no link, trusts no time stamp: every file is hashed.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::native;
use crate::path::{Shown, TreePath};
use crate::tree::{Entry, FileNode, Node, Tree};

/// A difference between a folder and its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it is, below the folder.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DamageKind {
    /// Nothing is there.
    Missing,
    /// Something else is there: a file for a folder, a link for a file.
    OtherKind,
    /// The file has other bytes, or the link another target.
    OtherContent,
    /// The file is executable and should not be, or the other way round.
    OtherRights,
    /// It is not in the tree.
    Unknown,
    /// It can't be read, for this reason.
    Unreadable(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Shown(&self.path);
        match &self.kind {
            DamageKind::Missing => write!(f, "{path} is missing"),
            DamageKind::OtherKind => write!(f, "{path} is of another kind"),
            DamageKind::OtherContent => write!(f, "{path} has other content"),
            DamageKind::OtherRights => write!(f, "{path} has other rights"),
            DamageKind::Unknown => write!(f, "{path} doesn't belong here"),
            DamageKind::Unreadable(why) => write!(f, "{path} can't be read: {why}"),
        }
    }
}

/// Compares the folder `root` with `tree`: names, kinds, bytes, link targets, executable bits, and that nothing else is there.
///
/// # Errors
/// Everything that differs, in order of path. Below an unknown folder nothing more is listed.
pub fn verify_tree(root: &Path, tree: &Tree) -> Result<(), Vec<Damage>> {
    let mut damages = Vec::new();
    // Folders that are something else now, a link perhaps: what it leads to is none of the tree's.
    let mut not_folders = HashSet::new();
    for entry in tree.entries() {
        let is_inside = !entry.path.parent().is_some_and(|parent| not_folders.contains(parent));
        let checked = if is_inside { check(root, entry) } else { Err(DamageKind::Missing) };
        if let Err(kind) = checked {
            if entry.node == Node::Directory {
                not_folders.insert(entry.path.as_str());
            }
            damages.push(Damage { path: entry.path.below(Path::new("")), kind });
        }
    }
    find_unknown(root, tree, &not_folders, &mut damages);
    damages.sort_by(|a, b| a.path.cmp(&b.path));
    if damages.is_empty() { Ok(()) } else { Err(damages) }
}

fn check(root: &Path, entry: &Entry) -> Result<(), DamageKind> {
    let path = entry.path.below(root);
    let metadata = fs::symlink_metadata(&path).map_err(|error| reason(&error))?;
    match &entry.node {
        Node::Directory if metadata.is_dir() => Ok(()),
        Node::File(file) if metadata.is_file() => check_file(&path, file, &metadata),
        Node::Link(target) if metadata.is_symlink() => check_link(&path, target.as_str()),
        Node::OutsideLink(target) if metadata.is_symlink() => check_link(&path, target.as_str()),
        _ => Err(DamageKind::OtherKind),
    }
}

fn check_link(path: &Path, target: &str) -> Result<(), DamageKind> {
    let found = fs::read_link(path).map_err(|error| reason(&error))?;
    let same = native::link_text(&found).is_some_and(|text| text == target);
    if same { Ok(()) } else { Err(DamageKind::OtherContent) }
}

fn check_file(path: &Path, file: &FileNode, metadata: &Metadata) -> Result<(), DamageKind> {
    if metadata.len() != file.size || hash_file(path).map_err(|error| reason(&error))? != file.digest {
        return Err(DamageKind::OtherContent);
    }
    let same = !native::KNOWS_EXECUTABLE || native::is_executable(metadata) == file.executable;
    if same { Ok(()) } else { Err(DamageKind::OtherRights) }
}

fn find_unknown(root: &Path, tree: &Tree, not_folders: &HashSet<&str>, damages: &mut Vec<Damage>) {
    let known: HashSet<PathBuf> = tree.entries().iter().map(|entry| entry.path.below(Path::new(""))).collect();
    let folders = tree.entries().iter().filter(|entry| entry.node == Node::Directory);
    let folders = folders.filter(|folder| !not_folders.contains(folder.path.as_str()));
    for folder in std::iter::once(PathBuf::new()).chain(folders.map(|entry| entry.path.below(Path::new("")))) {
        let on_disk = root.join(&folder);
        let listed = fs::read_dir(&on_disk).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        match listed {
            Ok(entries) => {
                let paths = entries.into_iter().map(|entry| folder.join(entry.file_name()));
                let unknown = paths.filter(|path| !known.contains(path));
                damages.extend(unknown.map(|path| Damage { path, kind: DamageKind::Unknown }));
            }
            Err(error) => damages.push(Damage { path: folder, kind: reason(&error) }),
        }
    }
}

fn reason(error: &io::Error) -> DamageKind {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DamageKind::Missing,
        _ => DamageKind::Unreadable(error.to_string()),
    }
}

/// BLAKE3 of a file's bytes.
pub(crate) fn hash_file(path: &Path) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().into())
}

/// The path in the tree's terms of something on disk; `None` when no tree can hold it.
pub(crate) fn tree_path(prefix: &str, name: &std::ffi::OsStr) -> Option<TreePath> {
    format!("{prefix}{}", name.to_str()?).parse().ok()
}
