//! Trees that updates begin from and that no manifest of the store describes: `trees/<content digest>`, as a tree is encoded.
//!
//! An update can be read only with the tree that it begins from; without, nobody could tell which packs it needs, and a collection of
//! garbage would have to keep them all. They prove themselves by their digest, and receivers don't need them.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use dray_model::Digest;

use super::{FolderStore, StoreError};
use crate::{Tree, durable};

const FOLDER: &str = "trees";

impl FolderStore {
    /// The tree of a content: of the empty one, from a manifest, or as it was kept; `None` when there is neither.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn tree(&self, content: &Digest) -> Result<Option<Tree>, StoreError> {
        let empty = Tree::default();
        if *content == empty.digest() {
            return Ok(Some(empty));
        }
        let described = self.find_manifest(content)?.map(|name| self.manifest(&name, content));
        if let Some(Ok(manifest)) = described {
            return Ok(Some(manifest.tree().clone()));
        }
        let path = self.tree_path(content);
        match fs::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == *content => Ok(Tree::decode(&bytes, self.limits()).ok()),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::file("read", path)(error)),
        }
    }

    /// Keeps a tree that an update begins from, unless it can be told without.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn keep_tree(&self, tree: &Tree) -> Result<(), StoreError> {
        let content = tree.digest();
        if self.tree(&content)?.is_some() { Ok(()) } else { self.write_tree(&content, tree) }
    }

    /// Keeps a tree whose manifest is about to go.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn write_tree(&self, content: &Digest, tree: &Tree) -> Result<(), StoreError> {
        let path = self.tree_path(content);
        let incoming = self.incoming()?;
        let unfinished = incoming.path().join("tree");
        let written = fs::create_dir_all(self.root().join(FOLDER))
            .and_then(|()| fs::write(&unfinished, tree.encode()))
            .and_then(|()| durable::place(&File::open(&unfinished)?, &unfinished, &path));
        written.map_err(StoreError::file("write", path))
    }

    /// The trees that are kept, by content.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn kept_trees(&self) -> Result<Vec<Digest>, StoreError> {
        self.objects.digests(FOLDER)
    }

    /// Forgets a tree.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn remove_tree(&self, content: &Digest) -> Result<(), StoreError> {
        let path = self.tree_path(content);
        fs::remove_file(&path).map_err(StoreError::file("remove", path))
    }

    fn tree_path(&self, content: &Digest) -> PathBuf {
        self.root().join(FOLDER).join(content.to_string())
    }
}
