//! Takes objects from a folder, so that the line to the site need not carry them: an export on a disk, or another point's folder.
//!
//! Each object is verified while it is copied and comes to its place as a fetched one does. What the point is not to hold it removes once
//! it serves: assign first, import, then serve.

use std::path::Path;

use dray_content::ObjectName;
use dray_content::object::Named;
use dray_content::store::Objects;
use dray_model::Timestamp;

use crate::error::PointError;
use crate::folder::Folder;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Objects that were copied.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Objects that were here already.
    pub present: u64,
    /// Objects of the folder whose bytes are others than their names say.
    pub damaged: Vec<ObjectName>,
}

/// Copies what is in `from` and not in `folder`. Blocking; memory: one buffer.
///
/// # Errors
/// [`PointError::Store`], [`PointError::Folder`]. What was copied before stays.
pub fn import(folder: &Folder, from: &Path, now: Timestamp) -> Result<Imported, PointError> {
    let mut imported = Imported::default();
    let from = Objects::at(from.to_owned());
    // Manifests come last: where one is, its packs are.
    for kind in
        [("packs", ObjectName::Pack as Named), ("updates", ObjectName::Update), ("manifests", ObjectName::Manifest)]
    {
        for name in from.names(kind)? {
            if folder.object(&name).exists() {
                imported.present += 1;
                continue;
            }
            match copy(folder, &from, &name, now)? {
                Some(bytes) => {
                    imported.copied += 1;
                    imported.copied_bytes += bytes;
                }
                None => imported.damaged.push(name),
            }
        }
    }
    Ok(imported)
}

/// Its length; `None` when it is damaged.
fn copy(folder: &Folder, from: &Objects, name: &ObjectName, now: Timestamp) -> Result<Option<u64>, PointError> {
    let partial = folder.partial(name);
    match from.copy(name, &partial)? {
        Some((file, bytes)) => folder.install(name, &partial, &file, now).map(|()| Some(bytes)),
        None => std::fs::remove_file(&partial).map(|()| None).map_err(PointError::folder("remove", partial)),
    }
}

#[cfg(test)]
mod tests {
    use dray_model::Digest;

    use super::*;

    #[test]
    fn good_objects_are_taken_once_and_others_are_named() {
        let root = tempfile::tempdir().unwrap();
        let (from, at) = (root.path().join("disk"), Timestamp::from_secs(9));
        for kind in ["packs", "manifests"] {
            std::fs::create_dir_all(from.join(kind)).unwrap();
        }
        let (good, bad) = (ObjectName::Pack(Digest::of(b"good")), ObjectName::Manifest(Digest::of(b"other")));
        std::fs::write(from.join(good.to_string()), b"good").unwrap();
        std::fs::write(from.join(bad.to_string()), b"bad").unwrap();
        std::fs::write(from.join("packs/README"), b"mine").unwrap();
        let folder = Folder::open(&root.path().join("point")).unwrap();
        let imported = import(&folder, &from, at).unwrap();
        let expected = Imported { copied: 1, copied_bytes: 4, present: 0, damaged: vec![bad] };
        assert_eq!(imported, expected);
        let held = folder.inventory().unwrap();
        assert_eq!((held.len(), held[&good].verified_at), (1, at));
        assert_eq!(folder.leftovers().unwrap(), []);
        assert_eq!(import(&folder, &from, at).unwrap().present, 1);
    }
}
