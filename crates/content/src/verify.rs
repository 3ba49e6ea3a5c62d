//! Whether a folder on disk is still the tree that it should be.
//!
//! Used before a program runs and wherever trees are kept for others. Follows no link, trusts no time stamp: every file is hashed.

use std::collections::HashSet;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::attributes::ModifiedAt;
use crate::native;
use crate::path::{Shown, TreePath};
use crate::tree::{Entry, FileNode, FolderNode, Node, Tree};

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
    /// A file or folder has other rights.
    OtherRights,
    /// A file or folder was last changed at another time. Everything else about it is right.
    OtherTime,
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
            DamageKind::OtherKind => write!(f, "{path} is the wrong kind of file"),
            DamageKind::OtherContent => write!(f, "{path} has different content"),
            DamageKind::OtherRights => write!(f, "{path} has different permissions"),
            DamageKind::OtherTime => write!(f, "{path} has a different modification time"),
            DamageKind::Unknown => write!(f, "{path} does not belong here"),
            DamageKind::Unreadable(why) => write!(f, "cannot read {path}: {why}"),
        }
    }
}

/// Compares the folder `root` with `tree`: names, kinds, bytes, link targets, rights, times, and that nothing
/// else is there.
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
            if entry.node.is_directory() && !is_of_attributes(&kind) {
                not_folders.insert(entry.path.as_bytes());
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
        Node::Directory(folder) if metadata.is_dir() => check_folder(folder, &metadata),
        Node::File(file) if metadata.is_file() => check_file(&path, file, &metadata),
        Node::Link(target) if metadata.is_symlink() => check_link(&path, target.as_str().as_bytes()),
        Node::OutsideLink(target) if metadata.is_symlink() => check_link(&path, target.as_bytes()),
        _ => Err(DamageKind::OtherKind),
    }
}

/// Whether it says that something is there as it should be but for its rights or time.
const fn is_of_attributes(kind: &DamageKind) -> bool {
    matches!(kind, DamageKind::OtherRights | DamageKind::OtherTime)
}

fn check_link(path: &Path, target: &[u8]) -> Result<(), DamageKind> {
    let found = fs::read_link(path).map_err(|error| reason(&error))?;
    let same = native::bytes_of_target(&found).is_some_and(|bytes| *bytes == *target);
    if same { Ok(()) } else { Err(DamageKind::OtherContent) }
}

fn check_file(path: &Path, file: &FileNode, metadata: &Metadata) -> Result<(), DamageKind> {
    if metadata.len() != file.size || hash_file(path).map_err(|error| reason(&error))? != file.digest {
        return Err(DamageKind::OtherContent);
    }
    if !native::has_mode(metadata, file.mode.bits()) {
        return Err(DamageKind::OtherRights);
    }
    check_time(metadata, file.modified)
}

fn check_folder(folder: &FolderNode, metadata: &Metadata) -> Result<(), DamageKind> {
    if !native::has_mode(metadata, folder.mode.bits()) {
        return Err(DamageKind::OtherRights);
    }
    if native::KEEPS_FOLDER_TIMES { check_time(metadata, folder.modified) } else { Ok(()) }
}

fn check_time(metadata: &Metadata, modified: ModifiedAt) -> Result<(), DamageKind> {
    let is_right = metadata.modified().is_ok_and(|found| found == modified.system_time());
    if is_right { Ok(()) } else { Err(DamageKind::OtherTime) }
}

/// Gives files and folders the times that they have in `tree`, where they have others. For a folder that is `tree` in all else:
/// programs that work in it change the times of its folders. Follows no link.
///
/// # Errors
/// When something can't be read or changed.
pub fn restore_times(root: &Path, tree: &Tree) -> io::Result<()> {
    for (path, file) in tree.files() {
        let on_disk = path.below(root);
        if check_time(&fs::symlink_metadata(&on_disk)?, file.modified).is_err() {
            native::open_for_attributes(&on_disk)?.set_modified(file.modified.system_time())?;
        }
    }
    for (path, folder) in tree.folders().rev() {
        native::set_folder_attributes(&path.below(root), folder)?;
    }
    Ok(())
}

fn find_unknown(root: &Path, tree: &Tree, not_folders: &HashSet<&[u8]>, damages: &mut Vec<Damage>) {
    let known: HashSet<PathBuf> = tree.entries().iter().map(|entry| entry.path.below(Path::new(""))).collect();
    let folders = tree.entries().iter().filter(|entry| entry.node.is_directory());
    let folders = folders.filter(|folder| !not_folders.contains(folder.path.as_bytes()));
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
pub(crate) fn tree_path(prefix: &[u8], name: &std::ffi::OsStr) -> Option<TreePath> {
    TreePath::new(&[prefix, &native::bytes_of_name(name)?].concat()).ok()
}
