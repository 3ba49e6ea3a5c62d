//! Containers: held ones are opened to be bases, wanted ones are closed when their opened forms are built.
//!
//! Opened forms lie in staging beside the tree. Those of held files are made when a segment first needs them, and made again by
//! each assembly; those of wanted ones are kept like any half-built file. Nothing vouches for a form: what comes of it is checked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{read_error, write_error};
use super::held::remove_if_there;
use super::{AssembleError, Assembly, BuildFile, FileState};
use crate::container::{self, ContainerError};
use crate::open_files::open_regular;
use crate::plan::PlannedContainer;
use crate::read_at::{OpenFile, ReadAt};
use crate::tree::FileNode;
use crate::verify::hash_file;

const FORMS: &str = "opened";
const BASES: &str = "opened-bases";

/// The opened form of a container, to be built unless the container is copied from a held tree.
pub(super) fn build_form(planned: &PlannedContainer, files: &[BuildFile], staging: &Path) -> BuildFile {
    let file = &files[planned.file as usize];
    BuildFile {
        path: file.path.clone(),
        on_disk: staging.join(FORMS).join(planned.container.form().to_string()),
        state: if file.state == FileState::Building { FileState::Building } else { FileState::Verified },
        node: FileNode::plain(0, planned.container.form()),
        has_attributes: false,
        is_lost: false,
    }
}

impl Assembly {
    /// Makes the folders of opened forms, and drops what need not be built.
    pub(super) fn resume_containers(&mut self) -> Result<(), AssembleError> {
        let bases = self.staging.join(BASES);
        match fs::remove_dir_all(&bases) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write_error(&bases, error)),
            _ => {}
        }
        let is_used = [(FORMS, !self.plan.containers.is_empty()), (BASES, !self.plan.opened.is_empty())];
        for (folder, _) in is_used.into_iter().filter(|(_, is_used)| *is_used) {
            let folder = self.staging.join(folder);
            fs::create_dir_all(&folder).map_err(|error| write_error(&folder, error))?;
        }
        for number in 0..self.plan.containers.len() {
            if self.files[self.plan.containers[number].file as usize].state == FileState::Verified {
                let form = self.form(number);
                self.files[form].state = FileState::Verified;
            }
        }
        Ok(())
    }

    /// Has the opened form of a content built that could not be copied. `false` when it has none.
    pub(super) fn build_container(&mut self, file: usize) -> bool {
        let Some(number) = self.plan.containers.iter().position(|planned| planned.file as usize == file) else {
            return false;
        };
        let form = self.form(number);
        self.files[form].state = FileState::Building;
        self.targets.has_any(form as u32)
    }

    /// Opens the held containers that the base of a segment needs. One that can't be opened is absent afterwards.
    pub(super) fn open_bases(&mut self, segment: u32) -> Result<(), AssembleError> {
        for part in 0..self.plan.segments[segment as usize].base.len() {
            let held = &self.plan.segments[segment as usize].base[part];
            let Some(number) = held.opened else { continue };
            let target = self.opened_base(number);
            if !target.exists()
                && let Some(source) = self.held_path(&held.file)
            {
                self.open_base(number, &source, &target)?;
            }
        }
        Ok(())
    }

    /// Where the opened form of a held container lies.
    pub(super) fn opened_base(&self, number: u32) -> PathBuf {
        self.staging.join(BASES).join(number.to_string())
    }

    fn open_base(&self, number: u32, source: &Path, target: &Path) -> Result<(), AssembleError> {
        let Ok(source) = open_regular(source) else { return Ok(()) };
        let out = File::create(target).map_err(|error| write_error(target, error))?;
        match container::inflate(self.plan.opened[number as usize].layout(), source, out) {
            Ok(()) => Ok(()),
            Err(ContainerError::Transfer(error)) if is_full(&error) => Err(write_error(target, error)),
            // The held file is damaged, which is found out when the segment can't be applied.
            Err(_) => remove_if_there(target),
        }
    }

    /// Makes the contents whose opened forms are complete.
    pub(super) fn close_containers(&mut self) -> Result<(), AssembleError> {
        for number in 0..self.plan.containers.len() {
            let (file, form) = (self.plan.containers[number].file as usize, self.form(number));
            if self.files[file].state != FileState::Building || self.files[file].is_lost {
                continue;
            }
            if !self.files[form].is_lost && self.close(number)? {
                self.files[file].state = FileState::Verified;
                self.files[form].state = FileState::Verified;
                remove_if_there(&self.files[form].on_disk)?;
            } else {
                self.files[file].is_lost = true;
            }
        }
        Ok(())
    }

    /// `false` when the opened form gives another file.
    fn close(&self, number: usize) -> Result<bool, AssembleError> {
        let PlannedContainer { file, container, lender } = &self.plan.containers[number];
        let (form, target) = (&self.files[self.form(number)].on_disk, &self.files[*file as usize].on_disk);
        let opened = File::open(form).map_err(|error| read_error(form, error))?;
        let lender = lender.as_ref().and_then(|held| self.held_path(held));
        let lender = lender.and_then(|path| open_regular(&path).and_then(OpenFile::new).ok());
        let lender = lender.as_ref().map(|file| file as &(dyn ReadAt + Sync));
        let out = File::create(target).map_err(|error| write_error(target, error))?;
        let opened = io::BufReader::new(opened);
        match container::rebuild(container.layout(), container.corrections(), lender, opened, out) {
            Err(ContainerError::Transfer(error)) => return Err(write_error(target, error)),
            Err(_) => return Ok(false),
            Ok(()) => {}
        }
        Ok(hash_file(target).map_err(|error| read_error(target, error))? == container.content())
    }

    /// The number of the opened form of a container.
    fn form(&self, number: usize) -> usize {
        self.plan.files.len() + number
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
