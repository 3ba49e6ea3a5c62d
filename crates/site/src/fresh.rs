//! A folder that is filled beside its place and then gets its name, whole or not at all: a new site, a backup, a restored site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dray_content::durable::sync_parent;

use crate::random;

/// Whether there is nothing at `dir` but perhaps an empty folder.
pub(crate) fn is_free(dir: &Path) -> bool {
    match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A sibling of `dir` with a name of its own, on the same file system.
pub(crate) fn beside(dir: &Path) -> PathBuf {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    dir.with_file_name(format!(".{name}.{:016x}", random::bits()))
}

/// Makes a folder that only its owner may enter.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Gives the finished folder its name, which lasts then. What has the name must be an empty folder.
pub(crate) fn place(finished: &Path, dir: &Path) -> io::Result<()> {
    match fs::remove_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(finished, dir)?;
    sync_parent(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gets_its_name_only_where_nothing_is() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("site");
        for _ in 0..2 {
            assert!(is_free(&dir));
            let new = beside(&dir);
            make(&new).unwrap();
            place(&new, &dir).unwrap();
            assert!(!new.exists() && dir.is_dir());
        }
        fs::write(dir.join("file"), "kept").unwrap();
        assert!(!is_free(&dir));
        let new = beside(&dir);
        make(&new).unwrap();
        assert!(place(&new, &dir).is_err());
        assert_eq!(fs::read(dir.join("file")).unwrap(), b"kept");
    }
}
