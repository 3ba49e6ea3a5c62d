//! The staging folder of an ingest: empty when it begins, gone when it fails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{IngestError, StagedPack};
use crate::native;
use crate::pack::FinishedPack;

/// A folder that is removed with everything in it unless it is kept.
pub(crate) struct Staging {
    folder: PathBuf,
    kept: bool,
}

impl Staging {
    /// Makes the folder, which must not be in `source`.
    pub(crate) fn create_outside(folder: &Path, source: &Path) -> Result<Self, IngestError> {
        if is_inside(folder, source) {
            return Err(IngestError::StagingInSource(folder.to_owned()));
        }
        Self::create(folder)
    }

    pub(crate) fn create(folder: &Path) -> Result<Self, IngestError> {
        fs::create_dir_all(folder).map_err(|error| write_error(folder, error))?;
        let mut entries = fs::read_dir(folder).map_err(|error| write_error(folder, error))?;
        if entries.next().is_some() {
            return Err(IngestError::StagingInUse(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), kept: false })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn keep(&mut self) {
        self.kept = true;
    }

    /// Where the pack is written that has no name yet.
    pub(crate) fn open_pack(&self) -> Result<File, IngestError> {
        let path = self.unnamed();
        File::create_new(&path).map_err(|error| write_error(&path, error))
    }

    /// Makes a finished pack durable and gives it its name.
    pub(crate) fn name_pack(&self, pack: &FinishedPack<File>) -> Result<StagedPack, IngestError> {
        let path = self.folder.join(pack.digest.to_string());
        let named = pack.out.sync_all().and_then(|()| fs::rename(self.unnamed(), &path));
        named.and_then(|()| native::sync_folder(&self.folder)).map_err(|error| write_error(&path, error))?;
        Ok(StagedPack { digest: pack.digest, size: pack.size, path })
    }

    /// What a failure to write the open pack is called.
    pub(crate) fn pack_error(&self, error: io::Error) -> IngestError {
        write_error(&self.unnamed(), error)
    }

    fn unnamed(&self) -> PathBuf {
        self.folder.join("pack")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.kept {
            // What can't be removed now is found by the caller: the staging folder is in use.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn write_error(path: &Path, source: io::Error) -> IngestError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => IngestError::DiskFull(path.to_owned()),
        _ => IngestError::Write { path: path.to_owned(), source },
    }
}

/// Whether `folder`, which may not exist yet, is `source` or below it.
fn is_inside(folder: &Path, source: &Path) -> bool {
    let (Ok(folder), Ok(source)) = (std::path::absolute(folder), fs::canonicalize(source)) else { return false };
    let existing = folder.ancestors().find_map(|ancestor| fs::canonicalize(ancestor).ok());
    existing.is_some_and(|existing| existing.starts_with(source))
}
