//! A content store in a folder: `manifests/`, `packs/` and `updates/`, as a site or a distribution point lays them out, and beside
//! them `sources/`, what is remembered of the folders that were ingested ([`index`]).
//!
//! Nothing lists the objects: which content a manifest is for stands in its header. Objects are named by their digests and appear by
//! being renamed into place, so commands may write to one store side by side and a killed one leaves nothing but its own
//! `incoming` folder behind. What is there already is believed only when its bytes are right. A collection of garbage has the store
//! to itself ([`Lock`]).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use dray_content::manifest::{HEADER_BYTES_MAX, Header, PackInfo};
use dray_content::{DecodeError, Limits, Manifest, ObjectName};
use dray_model::Digest;
use tempfile::TempDir;

use crate::error::{Failure, Outcome};

mod index;
mod lock;
mod reach;
mod trees;
mod write;

pub(super) use index::KeptIndex;
pub(super) use lock::Lock;
pub(super) use reach::{KeptUpdate, Reach, Unreadable};

/// What the folders of commands that are at work begin with.
const INCOMING: &str = "incoming-";

/// Which store.
#[derive(Debug, Args)]
pub(super) struct StoreOption {
    /// The content store: a folder with manifests/, packs/ and updates/
    #[arg(long = "store", value_name = "DIR")]
    dir: PathBuf,
}

/// Which store, when it may be that of the site.
#[derive(Debug, Args)]
pub(super) struct AnyStoreOption {
    /// A content store in a folder, with manifests/, packs/ and updates/ [default: that of the site in the profile]
    #[arg(long = "store", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl AnyStoreOption {
    /// The one in a folder; `None` when the site's is meant.
    pub(super) fn folder(self) -> Option<StoreOption> {
        self.dir.map(|dir| StoreOption { dir })
    }
}

/// A content store.
#[derive(Debug)]
pub(super) struct FolderStore {
    root: PathBuf,
    limits: Limits,
    _lock: Lock,
}

/// An object with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) name: ObjectName,
    pub(super) size_bytes: u64,
}

impl StoreOption {
    /// The store, which must be there.
    pub(super) fn open(self) -> Outcome<FolderStore> {
        FolderStore::open(self.dir, Lock::shared)
    }

    /// The store, which must be there, for this command alone. Waits for others, which `waiting` is told.
    pub(super) fn open_alone(self, waiting: impl FnOnce()) -> Outcome<FolderStore> {
        FolderStore::open(self.dir, |root| Lock::alone(root, waiting))
    }

    /// The store, made when it isn't there.
    pub(super) fn make(self) -> Outcome<FolderStore> {
        FolderStore::make(self.dir)
    }
}

impl FolderStore {
    /// The store in `root`, made when it isn't there.
    pub(super) fn make(root: PathBuf) -> Outcome<Self> {
        for kind in ["manifests", "packs", "updates"] {
            let folder = root.join(kind);
            fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, &error))?;
        }
        let lock = Lock::shared(&root)?;
        Ok(Self { root, limits: Limits::default(), _lock: lock })
    }

    /// The store in `root`, which must be there.
    pub(super) fn open(root: PathBuf, lock: impl FnOnce(&Path) -> Outcome<Lock>) -> Outcome<Self> {
        if !root.join("manifests").is_dir() {
            let failure = Failure::not_found(format!("there is no content store in {}", root.display()));
            return Err(failure.hint("dray content ingest SOURCE --store DIR makes one"));
        }
        let lock = lock(&root)?;
        Ok(Self { root, limits: Limits::default(), _lock: lock })
    }

    /// Its folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The bounds on what is read from it.
    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A folder to prepare objects in, on the same file system. Gone when it is dropped.
    pub(super) fn incoming(&self) -> Outcome<TempDir> {
        let made = tempfile::Builder::new().prefix(INCOMING).tempdir_in(&self.root);
        made.map_err(|error| cannot("write to", &self.root, &error))
    }

    /// Whether the object is there with the right bytes, which are read.
    pub(super) fn holds(&self, name: &ObjectName) -> Outcome<bool> {
        let path = self.path(name);
        match File::open(&path).and_then(|mut file| name.check(&mut file)) {
            Ok(size) => Ok(size.is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(cannot("read", &path, &error)),
        }
    }

    /// All objects with their lengths, kind after kind, each by name.
    pub(super) fn objects(&self) -> Outcome<Vec<Found>> {
        let mut found = Vec::new();
        for (kind, named) in ObjectName::KINDS {
            for name in self.names(kind, named)? {
                found.push(Found { name, size_bytes: self.size(&name)? });
            }
        }
        Ok(found)
    }

    /// Folders of commands that were killed. Of those at work too, unless the store is this command's alone.
    pub(super) fn leftovers(&self) -> Outcome<Vec<PathBuf>> {
        let unlisted = |error| cannot("list", &self.root, &error);
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(unlisted)? {
            let entry = entry.map_err(unlisted)?;
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(INCOMING)) {
                left.push(entry.path());
            }
        }
        Ok(left)
    }

    /// What is remembered of a source folder.
    pub(super) fn source_index(&self, folder: &Path) -> Outcome<KeptIndex> {
        KeptIndex::of(&self.root, folder)
    }

    /// Whether all packs that the manifest names are there.
    pub(super) fn has_packs_of(&self, manifest: &Manifest) -> bool {
        let is_there = |pack: &PackInfo| self.size(&ObjectName::Pack(pack.digest)).is_ok_and(|size| size == pack.size);
        manifest.packs().iter().all(is_there)
    }

    /// Opens an object.
    pub(super) fn open_object(&self, name: &ObjectName) -> Outcome<File> {
        let path = self.path(name);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::not_found(format!("{} lacks {name}", self.root.display())),
            _ => cannot("read", &path, &error),
        })
    }

    /// The name of the manifest of a content; the first by name when there are several.
    pub(super) fn find_manifest(&self, content: &Digest) -> Outcome<Option<ObjectName>> {
        for (name, of) in self.contents()? {
            if of == *content {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// All manifests with the contents that they say they are for, by name. One that is too damaged to say it is left out:
    /// `dray content verify` tells of it.
    pub(super) fn contents(&self) -> Outcome<Vec<(ObjectName, Digest)>> {
        let mut contents = Vec::new();
        for name in self.names("manifests", ObjectName::Manifest)? {
            contents.extend(self.content_of(&name)?.map(|content| (name, content)));
        }
        Ok(contents)
    }

    /// The content that a manifest says it is for; `None` when it is too damaged to say it.
    pub(super) fn content_of(&self, manifest: &ObjectName) -> Outcome<Option<Digest>> {
        let mut first = Vec::with_capacity(HEADER_BYTES_MAX);
        let read = self.open_object(manifest)?.take(HEADER_BYTES_MAX as u64).read_to_end(&mut first);
        read.map_err(|error| cannot("read", &self.path(manifest), &error))?;
        Ok(Header::decode(&first, &self.limits).ok().map(|header| header.content))
    }

    /// All updates, by name.
    pub(super) fn updates(&self) -> Outcome<Vec<ObjectName>> {
        self.names("updates", ObjectName::Update)
    }

    /// The length of an object in bytes.
    pub(super) fn size(&self, name: &ObjectName) -> Outcome<u64> {
        let path = self.path(name);
        Ok(fs::metadata(&path).map_err(|error| cannot("read", &path, &error))?.len())
    }

    /// A manifest that is for `content`.
    pub(super) fn manifest(&self, name: &ObjectName, content: &Digest) -> Outcome<Manifest> {
        let path = self.path(name);
        let bytes = fs::read(&path).map_err(|error| cannot("read", &path, &error))?;
        let decoded = Self::whole(name, &bytes).and_then(|()| Manifest::decode(&bytes, content, &self.limits));
        decoded.map_err(|error| self.damaged(name, &error))
    }

    /// Whether all bytes of an object are those that its name says.
    fn whole(name: &ObjectName, bytes: &[u8]) -> Result<(), DecodeError> {
        let what = if matches!(name, ObjectName::Manifest(_)) { "manifest" } else { "update" };
        if Digest::of(bytes) == name.digest() { Ok(()) } else { Err(DecodeError::Damaged { what }) }
    }

    /// What a damaged object of this store is called.
    pub(super) fn damaged(&self, name: &ObjectName, why: &(dyn std::error::Error + 'static)) -> Failure {
        Failure::failed(format!("{} can't be used", self.path(name).display())).because(why)
    }

    /// The file of an object.
    pub(super) fn path(&self, name: &ObjectName) -> PathBuf {
        self.root.join(name.folder()).join(name.digest().to_string())
    }

    /// The objects of a kind, sorted. Files that are named otherwise are none of ours.
    fn names(&self, kind: &str, name: fn(Digest) -> ObjectName) -> Outcome<Vec<ObjectName>> {
        let folder = self.root.join(kind);
        let mut names = Vec::new();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // A folder that somebody copied may lack an empty one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(cannot("list", &folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| cannot("list", &folder, &error))?;
            names.extend(entry.file_name().to_str().and_then(|text| text.parse().ok()).map(name));
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// What was attempted on a file or folder, and why it failed.
pub(super) fn cannot(attempt: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("can't {attempt} {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_manifests_is_no_store() {
        let root = tempfile::tempdir().unwrap();
        let failure = StoreOption { dir: root.path().to_owned() }.open().unwrap_err();
        assert_eq!(failure.exit(), crate::error::Exit::NotFound);
    }
}
