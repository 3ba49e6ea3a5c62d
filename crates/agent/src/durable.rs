//! Files that are there whole or not at all, and stay after a power loss: written beside, synced, renamed, folder synced.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::platform::open_private;

/// Puts `bytes` under `path`, readable by the agent alone, instead of what was there.
///
/// # Errors
/// The disk is full or the folder can't be written; what was there before is still there then.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    let mut file = open_private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&beside, path)?;
    sync_parent(path)
}

/// Puts `bytes` under `path` if nothing has that name yet; tells whether it did. Of several callers only one does, and
/// nobody ever sees the file without its bytes.
///
/// # Errors
/// The disk is full or the folder can't be written; the name is still free then.
pub(crate) fn create_once(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let beside = path.with_added_extension("new");
    let mut file = open_private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    let linked = std::fs::hard_link(&beside, path);
    let _ = std::fs::remove_file(&beside);
    match linked {
        Ok(()) => sync_parent(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes names in the folder of `path` last.
///
/// # Errors
/// The folder can't be opened or synced.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Removes a folder with all that is in it; one that is not there is no error.
///
/// # Errors
/// Something in it can't be removed.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_creations_one_counts() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a");
        assert!(create_once(&path, b"first").unwrap());
        assert!(!create_once(&path, b"second").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        replace(&path, b"third").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"third");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
