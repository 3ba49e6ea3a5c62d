//! The objects of a content store in a folder, to and from a backup. An object's name is the digest of its bytes, so each is checked as
//! it is copied.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use dray_content::ObjectName;

use super::BackupError;
use super::files::{create, damaged, failed, make_folder, sync_folder};
use super::manifest::ContentPart;

/// Copies objects from the store `from` to the store `to`. Those that don't exist, or aren't what they should be, are named.
pub(super) fn copy(from: &Path, to: &Path, names: &[ObjectName]) -> Result<ContentPart, BackupError> {
    for (folder, _) in ObjectName::KINDS {
        make_folder(&to.join(folder))?;
    }
    let (mut objects, mut bytes, mut missing) = (0, 0, Vec::new());
    for name in names {
        match copy_one(from, to, name)? {
            Some(length) => {
                objects += 1;
                bytes += length;
            }
            None => missing.push(name.to_string()),
        }
    }
    for (folder, _) in ObjectName::KINDS {
        sync_folder(&to.join(folder))?;
    }
    Ok(ContentPart::Included { objects, bytes, missing })
}

fn copy_one(from: &Path, to: &Path, name: &ObjectName) -> Result<Option<u64>, BackupError> {
    let (source, target) = (from.join(name.to_string()), to.join(name.to_string()));
    let mut read = match File::open(&source) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed("read", &source))?,
    };
    let mut file = create(&target)?;
    let copied = name.copy(&mut read, &mut file).map_err(failed("write", &target))?;
    if copied.is_none() {
        fs::remove_file(&target).map_err(failed("remove", &target))?;
    }
    file.sync_all().map_err(failed("write", &target))?;
    Ok(copied)
}

/// Reads all objects of a store in a backup again.
pub(super) fn check(store: &Path, expected: &ContentPart) -> Result<(), BackupError> {
    let ContentPart::Included { objects, .. } = expected else { return Ok(()) };
    let names = names(store)?;
    if names.len() as u64 != *objects {
        return Err(damaged(store, format!("has {} objects instead of {objects}", names.len())));
    }
    for name in names {
        let path = store.join(name.to_string());
        let mut file = File::open(&path).map_err(failed("read", &path))?;
        if name.check(&mut file).map_err(failed("read", &path))?.is_none() {
            return Err(damaged(&path, "is not what was written"));
        }
    }
    Ok(())
}

/// The objects of a store.
pub(super) fn names(store: &Path) -> Result<Vec<ObjectName>, BackupError> {
    let mut names = Vec::new();
    for (folder, named) in ObjectName::KINDS {
        let path = store.join(folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed("read", &path))?,
        };
        for entry in entries {
            let entry = entry.map_err(failed("read", &path))?;
            if let Some(digest) = entry.file_name().to_str().and_then(|text| text.parse().ok()) {
                names.push(named(digest));
            }
        }
    }
    Ok(names)
}
