//! The end of an assembly: every file hashed, everything durable, one rename.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::thread;

use dray_model::Digest;

use super::disk::{read_error, write_error};
use super::held::{copy_verified, remove_if_there};
use super::{AssembleError, Assembly, BuildFile, FileState, Outcome};
use crate::attributes::FolderMode;
use crate::native;
use crate::path::{LinkTarget, TreePath};
use crate::progress::Progress;
use crate::tree::{Entry, FileNode, Node};
use crate::verify::hash_file;

/// Threads that wait for the disk, not for the processor.
const SYNC_THREADS: usize = 8;
/// A tree of more entries is made durable by syncing its file system once. That waits for what others have written there, too, but
/// ten thousand syncs of one file each take the disk far longer and cost more processor time than writing the files.
const SYNC_EACH_MAX: usize = 128;

impl Assembly {
    /// Copies what held trees have, checks every file, makes copies, links and rights, and moves the tree to `destination`, which
    /// must not be there. Before the final rename nothing but staging is touched.
    ///
    /// # Errors
    /// When staging can't be written, the manifest contradicts the tree, or `destination` is there. Staging stays, so that
    /// another try goes on from here.
    pub fn finish(&mut self, destination: &Path, progress: &dyn Progress) -> Result<Outcome, AssembleError> {
        if fs::symlink_metadata(destination).is_ok() {
            return Err(AssembleError::DestinationExists(destination.to_owned()));
        }
        self.copy_held(progress)?;
        self.build_carried()?;
        let missing = self.missing();
        if !missing.is_empty() {
            return Ok(Outcome::Missing(missing));
        }
        self.open.close();
        self.close_containers()?;
        self.verify_built(progress)?;
        let lost = self.lost();
        if !lost.is_empty() {
            return Ok(Outcome::Lost(lost));
        }
        self.complete_entries()?;
        self.make_durable()?;
        self.move_to(destination)?;
        Ok(Outcome::Done)
    }

    fn verify_built(&mut self, progress: &dyn Progress) -> Result<(), AssembleError> {
        for (file, planned) in self.files.iter_mut().zip(&self.plan.files) {
            if file.state == FileState::Verified || file.is_lost {
                continue;
            }
            let digest = hash_file(&file.on_disk).map_err(|error| read_error(&file.on_disk, error))?;
            if digest == planned.content {
                file.state = FileState::Verified;
            } else if self.plan.from.is_some() {
                // The update contradicts the tree, or something else wrote here; the manifest may still help.
                file.is_lost = true;
            } else {
                return Err(AssembleError::WrongRecipe(file.path.clone()));
            }
            progress.advance(1, 0);
        }
        Ok(())
    }

    /// Files with the same content as another, empty files, links, rights and times.
    fn complete_entries(&self) -> Result<(), AssembleError> {
        let built: HashMap<Digest, &BuildFile> =
            self.plan.files.iter().zip(&self.files).map(|(planned, file)| (planned.content, file)).collect();
        for entry in self.plan.want.tree().entries() {
            match &entry.node {
                Node::Directory(_) => {}
                Node::File(file) => self.complete_file(&entry.path, file, built.get(&file.digest).copied())?,
                Node::Link(target) => {
                    let target_bytes = target.as_str().as_bytes();
                    self.make_link(&entry.path, target_bytes, self.leads_to_folder(&entry.path, target))?;
                }
                Node::OutsideLink(target) => self.make_link(&entry.path, target.as_bytes(), false)?,
            }
        }
        self.complete_folders()
    }

    /// Rights and times of folders, the inner ones first: whatever is made in a folder changes its time. The tree's own folder is the
    /// receiver's, and everybody may list it.
    fn complete_folders(&self) -> Result<(), AssembleError> {
        for (path, folder) in self.plan.want.tree().folders().rev() {
            let on_disk = path.below(&self.tree);
            native::set_folder_attributes(&on_disk, folder).map_err(|error| write_error(&on_disk, error))?;
        }
        native::set_folder_mode(&self.tree, FolderMode::PLAIN).map_err(|error| write_error(&self.tree, error))
    }

    fn complete_file(&self, path: &TreePath, file: &FileNode, built: Option<&BuildFile>) -> Result<(), AssembleError> {
        let on_disk = path.below(&self.tree);
        match built {
            Some(built) if built.path == *path && built.has_attributes => return Ok(()),
            Some(built) if built.path == *path => {}
            Some(built) => {
                let source = &built.on_disk;
                if !copy_verified(source, &on_disk, &file.digest)? {
                    return Err(read_error(source, std::io::Error::other("it changed after it was checked")));
                }
            }
            None => {
                // One that an earlier assembly left may not be written.
                remove_if_there(&on_disk)?;
                File::create(&on_disk).map_err(|error| write_error(&on_disk, error))?;
            }
        }
        let opened = native::open_for_attributes(&on_disk);
        let set = opened.and_then(|opened| native::set_file_attributes(&opened, file));
        set.map_err(|error| write_error(&on_disk, error))
    }

    fn leads_to_folder(&self, path: &TreePath, target: &LinkTarget) -> bool {
        let tree = self.plan.want.tree();
        target.resolved(path).is_ok_and(|resolved| {
            resolved.is_empty() || tree.get(&resolved).is_some_and(|entry| entry.node.is_directory())
        })
    }

    /// Makes a link without looking where it leads.
    fn make_link(&self, path: &TreePath, target: &[u8], directory: bool) -> Result<(), AssembleError> {
        let on_disk = path.below(&self.tree);
        remove_if_there(&on_disk)?;
        native::make_link(target, &on_disk, directory).map_err(|error| write_error(&on_disk, error))
    }

    /// Syncs everything, the whole file system or several files at a time: it commits those together.
    fn make_durable(&self) -> Result<(), AssembleError> {
        let entries = self.plan.want.tree().entries();
        let failed = |error| write_error(&self.tree, error);
        if entries.len() > SYNC_EACH_MAX && native::sync_file_system(&self.tree).map_err(failed)? {
            return Ok(());
        }
        let share = entries.len().div_ceil(SYNC_THREADS).max(1);
        thread::scope(|scope| {
            let threads: Vec<_> = entries.chunks(share).map(|share| scope.spawn(|| sync(&self.tree, share))).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("syncing does not panic"))
        })?;
        native::sync_folder(&self.tree).map_err(failed)
    }

    fn move_to(&self, destination: &Path) -> Result<(), AssembleError> {
        let failed = |error| write_error(destination, error);
        fs::rename(&self.tree, destination).map_err(failed)?;
        if let Some(parent) = destination.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            native::sync_folder(parent).map_err(failed)?;
        }
        fs::remove_dir_all(&self.staging).map_err(|error| write_error(&self.staging, error))
    }
}

fn sync(root: &Path, entries: &[Entry]) -> Result<(), AssembleError> {
    for entry in entries {
        let on_disk = entry.path.below(root);
        let synced = match &entry.node {
            Node::File(_) => native::open_for_attributes(&on_disk).and_then(|file| file.sync_all()),
            Node::Directory(_) => native::sync_folder(&on_disk),
            Node::Link(_) | Node::OutsideLink(_) => Ok(()),
        };
        synced.map_err(|error| write_error(&on_disk, error))?;
    }
    Ok(())
}
