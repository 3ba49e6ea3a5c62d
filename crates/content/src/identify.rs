//! Identifying: which tree a folder on disk is.
//!
//! Everything is read and hashed, nothing is stored, no link is followed. What can't be in a tree is refused as an ingest refuses
//! it; all names and links that a tree can hold are taken. So a folder that was made from a tree gives that very tree again.

use std::path::Path;

use crate::limits::Limits;
use crate::scan::{self, Found, FoundKind, Rules, Seen, SourceError};
use crate::tree::{Entry, FileNode, Node, Tree};
use crate::verify::hash_file;

/// The tree that `folder` holds.
///
/// # Errors
/// When the folder can't be read or packaged, or is written to meanwhile.
pub fn identify(folder: &Path, limits: &Limits) -> Result<Tree, SourceError> {
    let entries = scan::walk(folder, Rules::ANYTHING, limits)?.found.into_iter().map(|found| entry(folder, found));
    Ok(Tree::new(entries.collect::<Result<_, _>>()?)?)
}

fn entry(folder: &Path, found: Found) -> Result<Entry, SourceError> {
    let node = match found.kind {
        FoundKind::Directory(folder) => Node::Directory(folder),
        FoundKind::Link(target) => Node::Link(target),
        FoundKind::OutsideLink(target) => Node::OutsideLink(target),
        FoundKind::File(seen) => Node::File(file(&found.path.below(folder), &seen)?),
    };
    Ok(Entry { path: found.path, node })
}

fn file(on_disk: &Path, seen: &Seen) -> Result<FileNode, SourceError> {
    let unreadable = |error| scan::unreadable(on_disk, error);
    let digest = hash_file(on_disk).map_err(unreadable)?;
    let now = on_disk.symlink_metadata().map_err(unreadable)?;
    if !seen.is_same(&now) {
        return Err(SourceError::Changed(on_disk.to_owned()));
    }
    Ok(seen.node(digest))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ingest::{self, KnownChunks, Options};

    #[test]
    fn a_folder_is_the_tree_that_its_ingest_makes() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("source");
        fs::create_dir_all(source.join("folder/empty")).unwrap();
        fs::write(source.join("folder/file"), [7; 40_000]).unwrap();
        fs::write(source.join("nothing"), []).unwrap();
        let tree = identify(&source, &Limits::default()).unwrap();
        let staging = root.path().join("staging");
        let ingested = ingest::ingest(&source, &staging, &KnownChunks::default(), &Options::default(), &()).unwrap();
        assert_eq!(&tree, ingested.manifest.tree());
        fs::write(source.join("nothing"), "now something").unwrap();
        assert_ne!(identify(&source, &Limits::default()).unwrap().digest(), ingested.content);
    }

    #[cfg(unix)]
    #[test]
    fn what_no_tree_can_hold_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.path().join("socket")).unwrap();
        assert!(matches!(identify(root.path(), &Limits::default()), Err(SourceError::Special { .. })));
    }
}
