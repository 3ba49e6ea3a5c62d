//! Changes to a store: objects appear whole, by being renamed into place, and give way only to good ones.

use std::fs::{self, File};
use std::path::Path;

use super::{FolderStore, Incoming, StoreError};
use crate::ObjectName;

impl FolderStore {
    /// Moves a finished file into its place, unless the object is there and good. Says whether it was moved.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn put_file(&self, name: &ObjectName, from: &Path) -> Result<bool, StoreError> {
        if self.objects.holds(name)? {
            return Ok(false);
        }
        let file = File::open(from).map_err(StoreError::file("read", from))?;
        self.objects.place(name, from, &file).map(|()| true)
    }

    /// Writes an object, unless it is there and good. Says whether it was written.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn put_bytes(&self, name: &ObjectName, bytes: &[u8], incoming: &Incoming) -> Result<bool, StoreError> {
        let path = incoming.path().join(name.digest().to_string());
        fs::write(&path, bytes).map_err(StoreError::file("write", &path))?;
        self.put_file(name, &path)
    }

    /// Copies an object of another store unless it is here and good; `None` when that one is damaged, else whether it was copied.
    ///
    /// # Errors
    /// [`StoreError::Lacking`], [`StoreError::File`].
    pub fn copy_from(&self, other: &Self, name: &ObjectName, incoming: &Incoming) -> Result<Option<bool>, StoreError> {
        if self.objects.holds(name)? {
            return Ok(Some(false));
        }
        let path = incoming.path().join(name.digest().to_string());
        let Some((file, _)) = other.objects.copy(name, &path)? else { return Ok(None) };
        self.objects.place(name, &path, &file).map(|()| Some(true))
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
        assert_eq!(store.objects().all().unwrap(), [Found { name, size_bytes: 4 }]);
    }

    #[test]
    fn a_damaged_object_gives_way_to_a_good_one() {
        let root = tempfile::tempdir().unwrap();
        let store = FolderStore::make(root.path().join("store")).unwrap();
        let other = FolderStore::make(root.path().join("other")).unwrap();
        let name = ObjectName::Pack(Digest::of(b"pack"));
        fs::write(store.objects().path(&name), b"pank").unwrap();
        fs::write(other.objects().path(&name), b"pick").unwrap();
        let incoming = store.incoming().unwrap();
        assert_eq!(store.copy_from(&other, &name, &incoming).unwrap(), None);
        assert_eq!(fs::read(store.objects().path(&name)).unwrap(), b"pank");
        fs::write(other.objects().path(&name), b"pack").unwrap();
        assert_eq!(store.copy_from(&other, &name, &incoming).unwrap(), Some(true));
        assert!(store.objects().holds(&name).unwrap());
    }
}
