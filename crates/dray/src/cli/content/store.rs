//! A content store in a folder: `manifests/`, `packs/` and `updates/`, as a site or a distribution point lays them out, and beside
//! them `sources/`, what is remembered of the folders that were ingested ([`index`]).
//!
//! Nothing lists the objects: which content a manifest is for stands in its header. Objects are named by their digests and appear by
//! being renamed into place, so commands may write to one store side by side and a killed one leaves nothing but its own
//! `incoming` folder behind.

mod index;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use dray_content::manifest::{HEADER_BYTES_MAX, Header, PackInfo};
use dray_content::{Limits, Manifest, ObjectName};
use dray_model::Digest;
use tempfile::TempDir;

use crate::error::{Failure, Outcome};

pub(super) use index::KeptIndex;

/// The folders of the kinds of objects.
const KINDS: [&str; 3] = ["manifests", "packs", "updates"];

/// Which store.
#[derive(Debug, Args)]
pub(super) struct StoreOption {
    /// The content store: a folder with manifests/, packs/ and updates/
    #[arg(long = "store", value_name = "DIR")]
    dir: PathBuf,
}

/// A content store.
#[derive(Debug)]
pub(super) struct FolderStore {
    root: PathBuf,
    limits: Limits,
}

impl StoreOption {
    /// The store, which must be there.
    pub(super) fn open(self) -> Outcome<FolderStore> {
        if !self.dir.join(KINDS[0]).is_dir() {
            let failure = Failure::not_found(format!("there is no content store in {}", self.dir.display()));
            return Err(failure.hint("dray content ingest SOURCE --store DIR makes one"));
        }
        Ok(FolderStore { root: self.dir, limits: Limits::default() })
    }

    /// The store, made when it isn't there.
    pub(super) fn make(self) -> Outcome<FolderStore> {
        FolderStore::make(self.dir)
    }
}

impl FolderStore {
    /// The store in `root`, made when it isn't there.
    pub(super) fn make(root: PathBuf) -> Outcome<Self> {
        for kind in KINDS {
            let folder = root.join(kind);
            fs::create_dir_all(&folder).map_err(|error| cannot("make", &folder, &error))?;
        }
        Ok(Self { root, limits: Limits::default() })
    }

    /// The bounds on what is read from it.
    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A folder to prepare objects in, on the same file system. Gone when it is dropped.
    pub(super) fn incoming(&self) -> Outcome<TempDir> {
        let made = tempfile::Builder::new().prefix("incoming-").tempdir_in(&self.root);
        made.map_err(|error| cannot("write to", &self.root, &error))
    }

    /// Moves a finished file into its place, unless the object is there.
    pub(super) fn put_file(&self, name: &ObjectName, from: &Path) -> Outcome {
        let path = self.path(name);
        if path.exists() {
            return Ok(());
        }
        let moved = fs::rename(from, &path).and_then(|()| sync_folder(&path));
        moved.map_err(|error| cannot("write", &path, &error))
    }

    /// Writes an object, unless it is there.
    pub(super) fn put_bytes(&self, name: &ObjectName, bytes: &[u8], incoming: &TempDir) -> Outcome {
        let path = incoming.path().join(name.digest().to_string());
        let written = fs::write(&path, bytes).and_then(|()| File::open(&path)?.sync_all());
        written.map_err(|error| cannot("write", &path, &error))?;
        self.put_file(name, &path)
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

    /// All manifests with the contents that they say they are for, by name.
    pub(super) fn contents(&self) -> Outcome<Vec<(ObjectName, Digest)>> {
        let mut contents = Vec::new();
        for name in self.names("manifests", ObjectName::Manifest)? {
            let mut first = Vec::with_capacity(HEADER_BYTES_MAX);
            let read = self.open_object(&name)?.take(HEADER_BYTES_MAX as u64).read_to_end(&mut first);
            read.map_err(|error| cannot("read", &self.path(&name), &error))?;
            let header = Header::decode(&first, &self.limits);
            contents.push((name, header.map_err(|error| self.damaged(&name, &error))?.content));
        }
        Ok(contents)
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
        Manifest::decode(&bytes, content, &self.limits).map_err(|error| self.damaged(name, &error))
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
        for entry in fs::read_dir(&folder).map_err(|error| cannot("list", &folder, &error))? {
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

/// Makes the name of a file durable.
fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_written_once_and_foreign_files_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::make(root.path().join("store")).unwrap();
        let incoming = store.incoming().unwrap();
        let name = ObjectName::Pack(Digest::of(b"pack"));
        store.put_bytes(&name, b"pack", &incoming).unwrap();
        store.put_bytes(&name, b"something else", &incoming).unwrap();
        assert_eq!(fs::read(store.path(&name)).unwrap(), b"pack");
        fs::write(root.path().join("store/packs/README"), "mine").unwrap();
        assert_eq!(store.names("packs", ObjectName::Pack).unwrap(), [name]);
    }

    #[test]
    fn a_folder_without_manifests_is_no_store() {
        let root = tempfile::tempdir().unwrap();
        let failure = StoreOption { dir: root.path().to_owned() }.open().unwrap_err();
        assert_eq!(failure.exit(), crate::error::Exit::NotFound);
    }
}
