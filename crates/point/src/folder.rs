//! A point's folder: the objects under their digests, what is on its way, and who the point is.
//!
//! ```text
//! manifests/<digest>  packs/<digest>
//! updates/<digest>                     verified objects; the time of last change is that of the last verification
//! partial/<kind>-<digest>              objects on their way
//! scratch/                             packs that are being put together, and what they are made of
//! damaged/<kind>-<digest>              objects that failed a verification, kept until the good ones are here
//! identity/identity.json               who the point is, with its key
//! assignments.json  summary.json       its last known duty; how it is
//! lock                                 held while a process works on the folder
//! ```
//!
//! An object comes to its place only by [`Folder::install`], by a rename of a synced file whose digest was checked.

mod inventory;
mod opened;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use dray_content::ObjectName;
use dray_content::store::Objects;
use dray_model::Timestamp;

pub use inventory::{HeldObject, Inventory};
pub(crate) use opened::Opened;

use crate::error::PointError;

/// The folder of a point, held by this process.
#[derive(Debug)]
pub struct Folder {
    objects: Objects,
    opened: opened::OpenObjects,
    // The lock goes with the open file, however the process ends.
    _lock: File,
}

impl Folder {
    /// Takes hold of the folder, making what is missing of it.
    ///
    /// # Errors
    /// [`PointError::InUse`] while another process has it; [`PointError::Folder`].
    pub fn open(root: &Path) -> Result<Self, PointError> {
        let objects = Objects::at(root.to_owned());
        let kinds = ObjectName::KINDS.map(|(kind, _)| kind);
        objects.make(kinds.into_iter().chain(["partial", "damaged", "identity"]))?;
        let path = root.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(PointError::folder("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { objects, opened: opened::OpenObjects::default(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(PointError::InUse(root.to_owned())),
            Err(TryLockError::Error(source)) => Err(PointError::folder("lock", path)(source)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.objects.root()
    }

    /// Where the verified object is, when it is there.
    #[must_use]
    pub fn object(&self, name: &ObjectName) -> PathBuf {
        self.objects.path(name)
    }

    /// Where the object is while it is on its way.
    #[must_use]
    pub fn partial(&self, name: &ObjectName) -> PathBuf {
        self.root().join("partial").join(loose_name(name))
    }

    /// Where packs are put together.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root().join("scratch")
    }

    /// Removes what is left of packs that were being put together.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub(crate) fn clear_scratch(&self) -> Result<(), PointError> {
        let path = self.scratch();
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(PointError::folder("remove", path)(error)),
            _ => std::fs::create_dir_all(&path).map_err(PointError::folder("create the folder", path)),
        }
    }

    fn damaged(&self, name: &ObjectName) -> PathBuf {
        self.root().join("damaged").join(loose_name(name))
    }

    /// Bytes of the object that came already.
    #[must_use]
    pub fn partial_bytes(&self, name: &ObjectName) -> u64 {
        std::fs::metadata(self.partial(name)).map_or(0, |metadata| metadata.len())
    }

    /// Gives the object its place. `file` is open at `from` in this folder, complete and **verified by the caller**; `verified_at` becomes
    /// its time.
    ///
    /// # Errors
    /// [`PointError::Folder`]; `from` stays then.
    pub fn install(
        &self,
        name: &ObjectName,
        from: &Path,
        file: &File,
        verified_at: Timestamp,
    ) -> Result<(), PointError> {
        inventory::set_verified_at(file, verified_at).map_err(PointError::folder("set the time of", from))?;
        self.objects.place(name, from, file)?;
        let damaged = self.damaged(name);
        remove_if_there(&damaged).map_err(PointError::folder("remove", damaged))
    }

    /// Notes that the object was verified again.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn confirm(&self, name: &ObjectName, verified_at: Timestamp) -> Result<(), PointError> {
        let path = self.object(name);
        let file = File::options().write(true).open(&path);
        file.and_then(|file| inventory::set_verified_at(&file, verified_at))
            .map_err(PointError::folder("set the time of", path))
    }

    /// Takes a damaged object out of its place, so that it is served no more.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn set_aside(&self, name: &ObjectName) -> Result<(), PointError> {
        let path = self.object(name);
        let moved = std::fs::rename(&path, self.damaged(name));
        self.opened.forget(name);
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(PointError::folder("move away", path)(error)),
            _ => Ok(()),
        }
    }

    /// Removes an object that nothing needs, and what came of it.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn remove(&self, name: &ObjectName) -> Result<(), PointError> {
        let removed = self.objects.remove(name);
        self.opened.forget(name);
        removed?;
        self.discard(name)
    }

    /// Removes what came of an object, and its damaged form.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn discard(&self, name: &ObjectName) -> Result<(), PointError> {
        for path in [self.partial(name), self.damaged(name)] {
            remove_if_there(&path).map_err(PointError::folder("remove", path))?;
        }
        Ok(())
    }

    /// Bytes that are free where the folder is.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn free_bytes(&self) -> Result<u64, PointError> {
        fs4::available_space(self.root()).map_err(PointError::folder("get the free space of", self.root()))
    }
}

/// The name of an object outside the folder of its kind.
fn loose_name(name: &ObjectName) -> String {
    format!("{}-{}", name.folder(), name.digest())
}

/// The object that [`loose_name`] made this of.
fn loose_object(name: &str) -> Option<ObjectName> {
    let (kind, digest) = name.rsplit_once('-')?;
    format!("{kind}/{digest}").parse().ok()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Digest;

    fn pack(bytes: &[u8]) -> ObjectName {
        ObjectName::Pack(Digest::of(bytes))
    }

    fn installed(folder: &Folder, bytes: &[u8], at: Timestamp) -> ObjectName {
        let name = pack(bytes);
        std::fs::write(folder.partial(&name), bytes).unwrap();
        let file = File::options().write(true).open(folder.partial(&name)).unwrap();
        folder.install(&name, &folder.partial(&name), &file, at).unwrap();
        name
    }

    #[test]
    fn a_folder_is_held_by_one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let first = Folder::open(root.path()).unwrap();
        assert!(matches!(Folder::open(root.path()), Err(PointError::InUse(_))));
        drop(first);
        assert!(Folder::open(root.path()).is_ok());
    }

    #[test]
    fn an_installed_object_is_found_with_its_size_and_time() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let at = Timestamp::from_secs(1_700_000_000);
        let name = installed(&folder, b"bytes", at);
        std::fs::write(root.path().join("packs/readme.txt"), b"not ours").unwrap();
        let held = folder.inventory().unwrap();
        assert_eq!(held, Inventory::from_iter([(name, HeldObject { bytes: 5, verified_at: at })]));
        assert_eq!(folder.partial_bytes(&name), 0);
    }

    #[test]
    fn a_damaged_object_leaves_its_place_until_the_good_one_comes() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let name = installed(&folder, b"bytes", Timestamp::from_secs(0));
        folder.set_aside(&name).unwrap();
        assert!(folder.inventory().unwrap().is_empty());
        assert!(folder.damaged(&name).exists());
        installed(&folder, b"bytes", Timestamp::from_secs(0));
        assert!(!folder.damaged(&name).exists());
    }
}
