//! What lies in a point's folder, by looking.

use std::collections::BTreeMap;
use std::fs::{DirEntry, File};
use std::io;
use std::time::{Duration, SystemTime};

use dray_content::ObjectName;
use dray_model::Timestamp;

use super::Folder;
use crate::error::PointError;

/// An object that was verified once and lies in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldObject {
    /// Its length now.
    pub bytes: u64,
    /// When it was last verified.
    pub verified_at: Timestamp,
}

/// All objects of a point.
pub type Inventory = BTreeMap<ObjectName, HeldObject>;

impl Folder {
    /// Lists the objects. Files with other names are left alone.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn inventory(&self) -> Result<Inventory, PointError> {
        let mut objects = Inventory::new();
        for (kind, _) in ObjectName::KINDS {
            let path = self.root().join(kind);
            let entries = std::fs::read_dir(&path).map_err(PointError::folder("list", &path))?;
            for entry in entries {
                let held = entry.and_then(|entry| held(kind, &entry)).map_err(PointError::folder("list", &path))?;
                objects.extend(held);
            }
        }
        Ok(objects)
    }

    /// Objects of which something came, or that were moved away.
    ///
    /// # Errors
    /// [`PointError::Folder`].
    pub fn leftovers(&self) -> Result<Vec<ObjectName>, PointError> {
        let mut names = Vec::new();
        for place in ["partial", "damaged"] {
            let path = self.root().join(place);
            for entry in std::fs::read_dir(&path).map_err(PointError::folder("list", &path))? {
                let entry = entry.map_err(PointError::folder("list", &path))?;
                let name = entry.file_name();
                names.extend(name.to_str().and_then(super::loose_object));
            }
        }
        Ok(names)
    }
}

fn held(kind: &str, entry: &DirEntry) -> io::Result<Option<(ObjectName, HeldObject)>> {
    let name = entry.file_name();
    let Some(Ok(name)) = name.to_str().map(|name| format!("{kind}/{name}").parse()) else { return Ok(None) };
    let metadata = entry.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let since_1970 = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let verified_at = Timestamp::from_secs(0) + since_1970;
    Ok(Some((name, HeldObject { bytes: metadata.len(), verified_at })))
}

/// The time of last change of an object is when it was last verified.
pub(super) fn set_verified_at(file: &File, at: Timestamp) -> io::Result<()> {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
}
