//! Reads an object again and compares its digest.

use std::fs::File;
use std::io;

use dray_content::ObjectName;
use dray_model::Digest;

use crate::folder::Folder;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The bytes are those of the name.
    Good,
    /// They are not, or can't be read.
    Damaged(String),
    /// The object isn't here any more.
    Gone,
}

/// Verifies an object in its place. Blocking; memory: one buffer.
pub(super) fn verify(folder: &Folder, object: &ObjectName) -> Verdict {
    match digest(folder, object) {
        Ok(digest) if digest == object.digest() => Verdict::Good,
        Ok(_) => Verdict::Damaged("its bytes do not match its digest".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Verdict::Gone,
        Err(error) => Verdict::Damaged(error.to_string()),
    }
}

fn digest(folder: &Folder, object: &ObjectName) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(folder.object(object))?)?;
    Ok(hasher.finalize().into())
}
