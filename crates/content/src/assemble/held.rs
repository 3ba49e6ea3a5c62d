//! Bytes from held trees: copied, then checked. What is damaged there is fetched instead.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::disk::{read_error, write_error};
use super::{AssembleError, Assembly, FileState};
use crate::native;
use crate::open_files::OpenFiles;
use crate::path::TreePath;
use crate::plan::{HeldChunk, HeldFile, Stored};
use crate::progress::Progress;
use crate::verify::hash_file;

impl Assembly {
    /// Takes from held trees what the plan promises. Whatever is damaged or gone there joins [`Assembly::missing`] and
    /// [`Assembly::damaged`]. Safe to call again; reports bytes that were copied.
    ///
    /// # Errors
    /// When staging can't be written.
    pub fn copy_held(&mut self, progress: &dyn Progress) -> Result<(), AssembleError> {
        for file in 0..self.plan.files.len() {
            if self.files[file].state == FileState::ToCopy {
                self.copy_file(file)?;
                progress.advance(1, self.plan.files[file].size);
            }
        }
        let held = std::mem::take(&mut self.plan.held_chunks);
        let copied = self.copy_chunks(&held, progress);
        self.plan.held_chunks = held;
        copied
    }

    fn copy_chunks(&mut self, held: &BTreeMap<u32, HeldChunk>, progress: &dyn Progress) -> Result<(), AssembleError> {
        let source = OpenFiles::default();
        for (chunk, held) in held {
            // From here on the chunk is either on disk or to be fetched.
            let was_held = std::mem::take(&mut self.is_held[*chunk as usize]);
            if was_held && self.is_needed(Stored::Chunk(*chunk)) {
                self.copy_chunk(&source, *chunk, held)?;
                progress.advance(0, self.plan.want.chunks()[*chunk as usize].length.into());
            }
        }
        Ok(())
    }

    fn copy_file(&mut self, file: usize) -> Result<(), AssembleError> {
        let planned = &self.plan.files[file];
        let held = planned.copy().cloned().expect("only a file with a held copy waits to be copied");
        let source = self.held_path(&held).filter(|source| has_size(source, planned.size));
        // Beside the tree, so that what an earlier assembly built of the file is kept when the copy turns out to be damaged.
        let scratch = self.staging.join("copy");
        if let Some(source) = source
            && copy_verified(&source, &scratch, &planned.content)?
        {
            self.open.close();
            let target = &self.files[file].on_disk;
            fs::rename(&scratch, target).map_err(|error| write_error(target, error))?;
            self.files[file].state = FileState::Verified;
            return Ok(());
        }
        self.damaged.push(held);
        self.files[file].state = FileState::Building;
        self.files[file].is_lost = !self.targets.has_any(file as u32) && !self.build_container(file);
        Ok(())
    }

    fn copy_chunk(&mut self, source: &OpenFiles, chunk: u32, held: &HeldChunk) -> Result<(), AssembleError> {
        let wanted = self.plan.want.chunks()[chunk as usize];
        let mut bytes = vec![0; wanted.length as usize];
        let path = self.held_path(&held.file);
        let is_read = path.is_some_and(|path| source.read(&path, held.offset, &mut bytes).is_ok());
        if is_read && Digest::of(&bytes) == wanted.digest {
            return self.write_chunk(chunk, &bytes);
        }
        if self.damaged.last() != Some(&held.file) {
            self.damaged.push(held.file.clone());
        }
        Ok(())
    }

    pub(super) fn held_path(&self, held: &HeldFile) -> Option<PathBuf> {
        let root = self.held_roots.get(&held.tree)?;
        is_reached_without_links(root, &held.path).then(|| held.path.below(root))
    }
}

/// Whether all names of the path but the last are folders, and the last a file: a damaged tree may have links in their places.
fn is_reached_without_links(root: &Path, path: &TreePath) -> bool {
    let mut on_disk = root.to_owned();
    let mut names = path.names().peekable();
    while let Some(name) = names.next() {
        on_disk.push(native::name_on_disk(name));
        let Ok(metadata) = fs::symlink_metadata(&on_disk) else { return false };
        let is_right = if names.peek().is_none() { metadata.is_file() } else { metadata.is_dir() };
        if !is_right {
            return false;
        }
    }
    true
}

fn has_size(path: &Path, size: u64) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.len() == size)
}

/// Copies a file (by reference where the file system can) and hashes the copy. `false` when the source was not what it should be.
pub(super) fn copy_verified(source: &Path, target: &Path, expected: &Digest) -> Result<bool, AssembleError> {
    remove_if_there(target)?;
    let copied = fs::copy(source, target).and_then(|_| {
        // The rights of the source may be anything; those of the tree are set at the end.
        native::make_writable(target)
    });
    match copied {
        Ok(()) if hash_file(target).map_err(|error| read_error(target, error))? == *expected => return Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            return Err(write_error(target, error));
        }
        Ok(()) | Err(_) => {}
    }
    remove_if_there(target)?;
    Ok(false)
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), AssembleError> {
    match native::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(write_error(path, error)),
        _ => Ok(()),
    }
}
