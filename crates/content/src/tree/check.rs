//! What makes entries a tree, and whether every system can hold their names.

use std::collections::HashMap;

use dray_model::Digest;

use super::{InvalidTree, Node, Tree};
use crate::path::{InvalidPath, OutsideTarget, TreePath, folded};

/// Checks a tree whose entries are sorted. Gives whether some of its names or targets are not for every system.
pub(super) fn check(tree: &Tree) -> Result<bool, InvalidTree> {
    let mut names = FoldedNames::default();
    let mut has_unix_names = false;
    let mut sizes = HashMap::from([(Digest::of(b""), 0)]);
    let mut total = 0u64;
    for (at, entry) in tree.entries.iter().enumerate() {
        if at > 0 && tree.entries[at - 1].path == entry.path {
            return Err(InvalidTree::Duplicate(entry.path.clone()));
        }
        if entry.path.parent().is_some_and(|parent| !is_directory(tree, parent)) {
            return Err(InvalidTree::NotInDirectory(entry.path.clone()));
        }
        has_unix_names |= entry.path.portable().is_err() || names.clash(&entry.path).is_some();
        match &entry.node {
            Node::Directory(_) => {}
            Node::Link(target) => check_link(&entry.path, target.resolved(&entry.path))?,
            Node::OutsideLink(target) => {
                check_link(&entry.path, OutsideTarget::parse_at(&entry.path, target.as_bytes()))?;
                has_unix_names |= !target.is_text();
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
    Ok(has_unix_names)
}

/// Names of folders in the form in which case makes no difference. What is in folders whose names clash is not compared: the
/// folders are.
#[derive(Default)]
pub(crate) struct FoldedNames<'a>(HashMap<(&'a [u8], Vec<u8>), &'a TreePath>);

impl<'a> FoldedNames<'a> {
    /// Adds a path; gives the one before that is the same to a system that ignores case.
    pub(crate) fn clash(&mut self, path: &'a TreePath) -> Option<&'a TreePath> {
        self.0.insert((path.parent().unwrap_or_default(), folded(path.name())), path)
    }
}

fn is_directory(tree: &Tree, path: &[u8]) -> bool {
    tree.get(path).is_some_and(|entry| entry.node.is_directory())
}

fn check_link<T>(path: &TreePath, checked: Result<T, InvalidPath>) -> Result<(), InvalidTree> {
    checked.map(|_| ()).map_err(|source| InvalidTree::Link { path: path.clone(), source })
}
