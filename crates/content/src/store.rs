//! A content store in a folder: `manifests/`, `packs/` and `updates/`, as a site or a distribution point lays them out ([`Objects`]),
//! and beside them `sources/`, what is remembered of the folders that were ingested ([`KeptIndex`]), and `trees/`.
//!
//! Nothing lists the objects: which content a manifest is for stands in its header. Objects are named by their digests and appear by
//! being renamed into place, so processes may write to one store side by side and a killed one leaves nothing but its own
//! `incoming` folder behind. What is already there is believed only when its bytes are right. A collection of garbage has the store
//! to itself ([`Lock`]).

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::manifest::{HEADER_BYTES_MAX, Header, PackInfo};
use crate::{DecodeError, Limits, Manifest, ObjectName};

mod error;
mod incoming;
mod index;
mod lock;
mod objects;
mod reach;
mod trees;
mod write;

pub use error::StoreError;
pub use incoming::Incoming;
pub use index::KeptIndex;
pub use lock::Lock;
pub use objects::{Found, Objects};
pub use reach::{KeptContent, KeptUpdate, Reach, Unreadable};

/// A content store in a folder.
#[derive(Debug)]
pub struct FolderStore {
    objects: Objects,
    limits: Limits,
    _lock: Lock,
}

impl FolderStore {
    /// The store in `root`, made when it doesn't exist.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn make(root: PathBuf) -> Result<Self, StoreError> {
        let objects = Objects::at(root);
        objects.make(["manifests", "packs", "updates"])?;
        let lock = Lock::shared(objects.root())?;
        Ok(Self { objects, limits: Limits::default(), _lock: lock })
    }

    /// The store in `root`, which must be there.
    ///
    /// # Errors
    /// [`StoreError::NoStore`], [`StoreError::File`].
    pub fn open(root: PathBuf, lock: impl FnOnce(&Path) -> Result<Lock, StoreError>) -> Result<Self, StoreError> {
        if !root.join("manifests").is_dir() {
            return Err(StoreError::NoStore(root));
        }
        let lock = lock(&root)?;
        Ok(Self { objects: Objects::at(root), limits: Limits::default(), _lock: lock })
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.objects.root()
    }

    /// Its objects.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The bounds on what is read from it.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A folder to prepare objects in, on the same file system. Gone when it is dropped.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn incoming(&self) -> Result<Incoming, StoreError> {
        Incoming::make(self.root()).map_err(StoreError::file("write to", self.root()))
    }

    /// Folders of processes that were killed. Of those at work too, unless the store is this process's alone.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn leftovers(&self) -> Result<Vec<PathBuf>, StoreError> {
        let unlisted = |error| StoreError::file("list", self.root())(error);
        let mut left = Vec::new();
        for entry in fs::read_dir(self.root()).map_err(unlisted)? {
            let entry = entry.map_err(unlisted)?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(incoming::PREFIX)) {
                left.push(entry.path());
            }
        }
        Ok(left)
    }

    /// What is remembered of a source folder.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn source_index(&self, folder: &Path) -> Result<KeptIndex, StoreError> {
        KeptIndex::of(self.root(), folder)
    }

    /// Whether all packs that the manifest names are there.
    #[must_use]
    pub fn has_packs_of(&self, manifest: &Manifest) -> bool {
        let is_there =
            |pack: &PackInfo| self.objects.size(&ObjectName::Pack(pack.digest)).is_ok_and(|size| size == pack.size);
        manifest.packs().iter().all(is_there)
    }

    /// The name of the manifest of a content; the first by name when there are several.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn find_manifest(&self, content: &Digest) -> Result<Option<ObjectName>, StoreError> {
        for (name, of) in self.contents()? {
            if of == *content {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// All manifests with the contents that they say they are for, by name. One that is too damaged to say it is left out.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn contents(&self) -> Result<Vec<(ObjectName, Digest)>, StoreError> {
        let mut contents = Vec::new();
        for name in self.manifests()? {
            contents.extend(self.content_of(&name)?.map(|content| (name, content)));
        }
        Ok(contents)
    }

    /// The content that a manifest says it is for; `None` when it is too damaged to say it.
    ///
    /// # Errors
    /// [`StoreError::Lacking`], [`StoreError::File`].
    pub fn content_of(&self, manifest: &ObjectName) -> Result<Option<Digest>, StoreError> {
        let mut first = Vec::with_capacity(HEADER_BYTES_MAX);
        let read = self.objects.open(manifest)?.take(HEADER_BYTES_MAX as u64).read_to_end(&mut first);
        read.map_err(StoreError::file("read", self.objects.path(manifest)))?;
        Ok(Header::decode(&first, &self.limits).ok().map(|header| header.content))
    }

    /// All manifests, by name.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn manifests(&self) -> Result<Vec<ObjectName>, StoreError> {
        self.objects.names(("manifests", ObjectName::Manifest))
    }

    /// All updates, by name.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn updates(&self) -> Result<Vec<ObjectName>, StoreError> {
        self.objects.names(("updates", ObjectName::Update))
    }

    /// A manifest that is for `content`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::File`].
    pub fn manifest(&self, name: &ObjectName, content: &Digest) -> Result<Manifest, StoreError> {
        let path = self.objects.path(name);
        let bytes = fs::read(&path).map_err(StoreError::file("read", path))?;
        let decoded = Self::whole(name, &bytes).and_then(|()| Manifest::decode(&bytes, content, &self.limits));
        decoded.map_err(|source| self.damaged(name, source))
    }

    /// Whether all bytes of an object are those that its name says.
    fn whole(name: &ObjectName, bytes: &[u8]) -> Result<(), DecodeError> {
        let what = if matches!(name, ObjectName::Manifest(_)) { "manifest" } else { "update" };
        if Digest::of(bytes) == name.digest() { Ok(()) } else { Err(DecodeError::Damaged { what }) }
    }

    /// The error for a damaged object of this store.
    #[must_use]
    pub fn damaged(&self, name: &ObjectName, source: DecodeError) -> StoreError {
        StoreError::Damaged { path: self.objects.path(name), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_manifests_is_no_store() {
        let root = tempfile::tempdir().unwrap();
        let opened = FolderStore::open(root.path().to_owned(), Lock::shared);
        assert!(matches!(opened, Err(StoreError::NoStore(path)) if path == root.path()));
    }

    #[test]
    fn what_is_on_its_way_is_gone_unless_its_process_was_killed() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::make(root.path().join("store")).unwrap();
        let (one, two) = (store.incoming().unwrap(), store.incoming().unwrap());
        fs::write(one.path().join("pack"), "half").unwrap();
        assert_eq!(store.leftovers().unwrap().len(), 2);
        drop(one);
        assert_eq!(store.leftovers().unwrap(), [two.path()]);
    }
}
