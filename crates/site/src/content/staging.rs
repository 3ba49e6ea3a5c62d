//! Folders for work on contents in the site's folder, gone when dropped: `staging/<package>.<random>`, in which an ingest stages its
//! packs, `improving/<random>` for the preparation of updates in the background, `mending/<random>` for objects made again, and
//! `receiving/<random>` for one that an administrator brings.
//!
//! What a killed process left behind is removed before the package is published again, and by the sweep; of the background, before
//! it works again.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dray_model::Name;

use crate::random;
use crate::site::Site;

const FOLDER: &str = "staging";
const IMPROVING: &str = "improving";
const MENDING: &str = "mending";
const RECEIVING: &str = "receiving";

/// The folder of one attempt.
pub(crate) struct Staging {
    path: PathBuf,
}

impl Staging {
    /// A folder of its own for an attempt to publish `package`; it isn't made yet. Blocks.
    pub(crate) fn begin(site: &Site, package: &Name) -> io::Result<Self> {
        for (_, path) in leftovers(site)?.into_iter().filter(|(left, _)| left == package) {
            remove(&path)?;
        }
        let folder = site.dir().join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        Ok(Self { path: folder.join(format!("{package}.{:016x}", random::bits())) })
    }

    /// A folder for the one job that improves updates. Blocks.
    pub(crate) fn improving(site: &Site) -> io::Result<Self> {
        Self::only(site, IMPROVING)
    }

    /// A folder for the one job that looks after the store. Blocks.
    pub(crate) fn mending(site: &Site) -> io::Result<Self> {
        Self::only(site, MENDING)
    }

    /// A folder for one object that is sent here. Blocks for a moment.
    pub(crate) fn receiving(site: &Site) -> io::Result<Self> {
        let path = site.dir().join(RECEIVING).join(format!("{:016x}", random::bits()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    fn only(site: &Site, name: &str) -> io::Result<Self> {
        let folder = site.dir().join(name);
        remove(&folder)?;
        let path = folder.join(format!("{:016x}", random::bits()));
        std::fs::create_dir_all(&path)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What can't be removed now is a leftover for the next attempt.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Staging folders that are there, with the package that each is for. Blocks.
pub(super) fn leftovers(site: &Site) -> io::Result<Vec<(Name, PathBuf)>> {
    let entries = match std::fs::read_dir(site.dir().join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if let Some(Ok(package)) = name.to_str().and_then(|name| name.split_once('.')).map(|(name, _)| name.parse()) {
            found.push((package, entry.path()));
        }
    }
    Ok(found)
}

/// Removes folders of objects that were sent before `before` and whose process was killed. Blocks.
pub(super) fn remove_received(site: &Site, before: SystemTime) -> io::Result<()> {
    let entries = match std::fs::read_dir(site.dir().join(RECEIVING)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.metadata()?.modified()? < before {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a folder that may be gone already. Blocks.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
