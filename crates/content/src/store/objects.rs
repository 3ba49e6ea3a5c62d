//! The objects in a folder, each under its name: how a store in a folder and a distribution point lay them out.
//!
//! An object comes to its place by a rename of a synced file, so what is there was written whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::StoreError;
use crate::object::Named;
use crate::{ObjectName, durable};

/// A folder with objects.
#[derive(Debug, Clone)]
pub struct Objects {
    root: PathBuf,
}

/// An object with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Which it is.
    pub name: ObjectName,
    /// Its length in bytes.
    pub size_bytes: u64,
}

impl Objects {
    /// Those in `root`. Nothing is looked at yet.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder of each of these kinds that doesn't exist.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn make<'a>(&self, kinds: impl IntoIterator<Item = &'a str>) -> Result<(), StoreError> {
        kinds
            .into_iter()
            .map(|kind| self.root.join(kind))
            .try_for_each(|folder| fs::create_dir_all(&folder).map_err(StoreError::file("make", folder)))
    }

    /// The file of an object.
    #[must_use]
    pub fn path(&self, name: &ObjectName) -> PathBuf {
        self.root.join(name.folder()).join(name.digest().to_string())
    }

    /// The objects of a kind, sorted. Files with other names are left alone, and a folder that doesn't exist is empty.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn names(&self, (kind, named): (&str, Named)) -> Result<Vec<ObjectName>, StoreError> {
        Ok(self.digests(kind)?.into_iter().map(named).collect())
    }

    /// The digests that name files in a folder of this one, sorted.
    pub(super) fn digests(&self, folder: &str) -> Result<Vec<Digest>, StoreError> {
        let folder = self.root.join(folder);
        let mut digests = Vec::new();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // A folder that somebody copied may lack an empty one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(digests),
            Err(error) => return Err(StoreError::file("list", folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(StoreError::file("list", &folder))?;
            digests.extend(entry.file_name().to_str().and_then(|text| text.parse::<Digest>().ok()));
        }
        digests.sort_unstable();
        Ok(digests)
    }

    /// All objects with their lengths, kind after kind, each by name.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn all(&self) -> Result<Vec<Found>, StoreError> {
        let mut found = Vec::new();
        for kind in ObjectName::KINDS {
            for name in self.names(kind)? {
                found.push(Found { name, size_bytes: self.size(&name)? });
            }
        }
        Ok(found)
    }

    /// The length of an object in bytes.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn size(&self, name: &ObjectName) -> Result<u64, StoreError> {
        let path = self.path(name);
        fs::metadata(&path).map(|metadata| metadata.len()).map_err(StoreError::file("read", path))
    }

    /// Opens an object.
    ///
    /// # Errors
    /// [`StoreError::Lacking`], [`StoreError::File`].
    pub fn open(&self, name: &ObjectName) -> Result<File, StoreError> {
        let path = self.path(name);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Lacking { root: self.root.clone(), name: *name },
            _ => StoreError::file("read", path)(error),
        })
    }

    /// Whether the object is there with the right bytes, which are read.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn holds(&self, name: &ObjectName) -> Result<bool, StoreError> {
        let path = self.path(name);
        match File::open(&path).and_then(|mut file| name.check(&mut file)) {
            Ok(size) => Ok(size.is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::file("read", path)(error)),
        }
    }

    /// Copies an object of `other` to the file `to`, which is made, and which the caller gives its place; `None` when its bytes are others
    /// than its name says.
    ///
    /// # Errors
    /// [`StoreError::Lacking`], [`StoreError::File`].
    pub fn copy(&self, name: &ObjectName, to: &Path) -> Result<Option<(File, u64)>, StoreError> {
        let mut from = self.open(name)?;
        let mut file = File::create(to).map_err(StoreError::file("write", to))?;
        let copied = name.copy(&mut from, &mut file).map_err(StoreError::file("copy", self.path(name)))?;
        Ok(copied.map(|size_bytes| (file, size_bytes)))
    }

    /// Gives an object its place, instead of what is there. `file` is open at `from` on the same file system, complete and **verified by
    /// the caller**.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn place(&self, name: &ObjectName, from: &Path, file: &File) -> Result<(), StoreError> {
        let path = self.path(name);
        durable::place(file, from, &path).map_err(StoreError::file("write", path))
    }

    /// Removes an object, which may be gone already.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn remove(&self, name: &ObjectName) -> Result<(), StoreError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::file("remove", path)(error)),
            _ => Ok(()),
        }
    }
}
