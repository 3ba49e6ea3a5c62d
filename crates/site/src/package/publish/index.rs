//! What a source folder held when it was read last, kept in the folder of the site server that read it: `sources/<package>`.
//!
//! It speaks of files as this machine sees them, so each server of a site has its own, and it is a cache: one that is lost, damaged or
//! can't be written costs a reading, never a release.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use dray_content::Limits;
use dray_content::ingest::{IndexError, SourceIndex};
use dray_model::Name;

use crate::job::JobFailure;
use crate::site::Site;

const FOLDER: &str = "sources";

/// What is known of the package's source folder; nothing when that can't be told. Blocks.
pub(super) fn load(site: &Site, package: &Name) -> SourceIndex {
    let path = path(site, package);
    match SourceIndex::load(&path, &Limits::default()) {
        Ok(index) => index.unwrap_or_default(),
        Err(error) => {
            warn(&error, &path, "cannot use a source index; reading every file");
            SourceIndex::default()
        }
    }
}

/// Keeps it for the next time; `scratch` is a folder in the site's folder. Blocks.
pub(super) fn save(site: &Site, package: &Name, index: &SourceIndex, scratch: &Path) {
    let path = path(site, package);
    let made = std::fs::create_dir_all(site.dir().join(FOLDER)).map_err(IndexError::from);
    if let Err(error) = made.and_then(|()| index.save(&path, &scratch.join("source-index"))) {
        warn(&error, &path, "cannot save a source index; the next update will read every file");
    }
}

fn warn(error: &dyn Error, path: &Path, what: &str) {
    let error = JobFailure::passing(error);
    tracing::warn!(%error, path = %path.display(), "{what}");
}

fn path(site: &Site, package: &Name) -> PathBuf {
    site.dir().join(FOLDER).join(package.as_str())
}

/// The packages of which there is an index. Blocks.
pub(crate) fn all(site: &Site) -> io::Result<Vec<Name>> {
    let entries = match std::fs::read_dir(site.dir().join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut packages = Vec::new();
    for entry in entries {
        packages.extend(entry?.file_name().to_str().and_then(|name| name.parse().ok()));
    }
    Ok(packages)
}

/// Forgets what a package's source folder held. Blocks.
pub(crate) fn forget(site: &Site, package: &Name) -> io::Result<()> {
    match std::fs::remove_file(path(site, package)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
