//! Changes to a store: objects appear whole, by being renamed into place, and give way only to good ones.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use dray_content::ObjectName;
use tempfile::TempDir;

use super::{FolderStore, cannot};
use crate::error::Outcome;

impl FolderStore {
    /// Moves a finished file into its place, unless the object is there and good. Tells whether it was moved.
    pub(in crate::cli::content) fn put_file(&self, name: &ObjectName, from: &Path) -> Outcome<bool> {
        if self.holds(name)? {
            return Ok(false);
        }
        let path = self.path(name);
        let moved = fs::rename(from, &path).and_then(|()| sync_folder(&path));
        moved.map_err(|error| cannot("write", &path, &error))?;
        Ok(true)
    }

    /// Writes an object, unless it is there and good.
    pub(in crate::cli::content) fn put_bytes(
        &self,
        name: &ObjectName,
        bytes: &[u8],
        incoming: &TempDir,
    ) -> Outcome<bool> {
        let path = incoming.path().join(name.digest().to_string());
        let written = fs::write(&path, bytes).and_then(|()| File::open(&path)?.sync_all());
        written.map_err(|error| cannot("write", &path, &error))?;
        self.put_file(name, &path)
    }

    /// Copies an object of another store unless it is here and good; `None` when that one is damaged, else whether it was copied.
    pub(in crate::cli::content) fn copy_from(
        &self,
        other: &Self,
        name: &ObjectName,
        incoming: &TempDir,
    ) -> Outcome<Option<bool>> {
        if self.holds(name)? {
            return Ok(Some(false));
        }
        let path = incoming.path().join(name.digest().to_string());
        let mut from = other.open_object(name)?;
        let copied = File::create(&path).and_then(|mut file| {
            let copied = name.copy(&mut from, &mut file)?;
            file.sync_all()?;
            Ok(copied)
        });
        match copied.map_err(|error| cannot("copy", &other.path(name), &error))? {
            Some(_) => self.put_file(name, &path).map(Some),
            None => Ok(None),
        }
    }

    /// Removes an object, which may be gone already.
    pub(in crate::cli::content) fn remove(&self, name: &ObjectName) -> Outcome {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", &path, &error)),
            _ => Ok(()),
        }
    }
}

/// Makes the name of a file durable.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use dray_model::Digest;

    use super::super::Found;
    use super::*;

    #[test]
    fn an_object_is_written_once_and_foreign_files_are_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::make(root.path().join("store")).unwrap();
        let incoming = store.incoming().unwrap();
        let name = ObjectName::Pack(Digest::of(b"pack"));
        assert!(store.put_bytes(&name, b"pack", &incoming).unwrap());
        assert!(!store.put_bytes(&name, b"pack", &incoming).unwrap());
        fs::write(root.path().join("store/packs/README"), "mine").unwrap();
        assert_eq!(store.objects().unwrap(), [Found { name, size_bytes: 4 }]);
    }

    #[test]
    fn a_damaged_object_gives_way_to_a_good_one() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::make(root.path().join("store")).unwrap();
        let other = FolderStore::make(root.path().join("other")).unwrap();
        let name = ObjectName::Pack(Digest::of(b"pack"));
        fs::write(store.path(&name), b"pank").unwrap();
        fs::write(other.path(&name), b"pick").unwrap();
        let incoming = store.incoming().unwrap();
        assert_eq!(store.copy_from(&other, &name, &incoming).unwrap(), None);
        assert_eq!(fs::read(store.path(&name)).unwrap(), b"pank");
        fs::write(other.path(&name), b"pack").unwrap();
        assert_eq!(store.copy_from(&other, &name, &incoming).unwrap(), Some(true));
        assert!(store.holds(&name).unwrap());
    }
}
