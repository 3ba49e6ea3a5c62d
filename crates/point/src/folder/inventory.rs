//! What lies in a point's folder, by looking.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
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
        for kind in ObjectName::KINDS {
            for name in self.objects.names(kind)? {
                let path = self.object(&name);
                let held = held(&path).map_err(PointError::folder("look at", path))?;
                objects.extend(held.map(|held| (name, held)));
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

fn held(path: &Path) -> io::Result<Option<HeldObject>> {
    let metadata = std::fs::symlink_metadata(path)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let since_1970 = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let verified_at = Timestamp::from_secs(0) + since_1970;
    Ok(Some(HeldObject { bytes: metadata.len(), verified_at }))
}

/// The time of last change of an object is when it was last verified.
pub(super) fn set_verified_at(file: &File, at: Timestamp) -> io::Result<()> {
    let micros = u64::try_from(at.micros()).unwrap_or(0);
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
}
