//! Small files that are there whole or not at all, also after a power cut: written beside, synced, renamed, folder synced.
//!
//! The name beside is that of the file with `.new` behind it, so two writers of one file need an agreement of their own. What a
//! crash leaves beside is replaced by the next write.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::native;

/// Who may read a file. Only its owner may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everybody who may enter the folder.
    All,
    /// Its owner alone.
    Owner,
}

/// The bytes of the file at `path`; `None` when there is none.
///
/// # Errors
/// When it can't be read.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the file at `path`, or makes it. The new bytes are on disk before the old ones are gone.
///
/// # Errors
/// When the disk is full or the folder can't be written; what was there before is still there then.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let (file, beside) = written_beside(path, bytes, readers)?;
    place(&file, &beside, path)
}

/// Makes the file at `path` unless something has that name; says whether it did. Nobody ever sees the file without its bytes.
///
/// # Errors
/// When the disk is full or the folder can't be written; the name is still free then.
pub fn create_once(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<bool> {
    let (file, beside) = written_beside(path, bytes, readers)?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match linked {
        Ok(()) => sync_parent(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives a file that is complete its name: syncs it, moves it from `from` to `to` on the same file system, and makes that last.
///
/// # Errors
/// When one of these fails; the file is at one of both names then.
pub fn place(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(from, to)?;
    sync_parent(to)
}

/// Makes the names in the folder of `path` last.
///
/// # Errors
/// When the folder can't be opened or synced.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    native::sync_folder(folder)
}

fn written_beside(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<(File, PathBuf)> {
    let beside = path.with_added_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if readers == Readers::Owner { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    Ok((file, beside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(folder.path().join("a.json.new"), b"left by a crash").unwrap();
        assert_eq!(read(&path).unwrap(), None);
        replace(&path, b"one", Readers::All).unwrap();
        replace(&path, b"two", Readers::All).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn of_two_creations_one_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(create_once(&path, b"first", Readers::Owner).unwrap());
        assert!(!create_once(&path, b"second", Readers::Owner).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_for_the_owner_is_readable_by_nobody_else() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.json");
        replace(&path, b"{}", Readers::All).unwrap();
        replace(&path, b"{}", Readers::Owner).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
