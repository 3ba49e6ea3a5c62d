//! Containers: those of the old packs are opened to be bases, the new ones closed when their opened forms are built.

use std::fs::{self, File};
use std::io::BufReader;

use super::{RebuildError, Scratch, failed};
use crate::container::{self, ContainerError, Section};
use crate::packed::Packed;
use crate::read_at::ReadAt;
use crate::update::{Container, OpenedBase, Update};

/// Bytes that are read of a container at a time.
const READ_BYTES: usize = 64 << 10;

impl Scratch {
    /// Writes the opened form of an old content to the file of its name.
    pub(super) fn open_base(&self, base: &OpenedBase, old: &Packed<'_>) -> Result<(), RebuildError> {
        let (content, path) = (base.content(), self.path(&base.form()));
        let held = old.content(&content).ok_or(RebuildError::NoBase(content))?;
        let out = File::create(&path).map_err(|source| failed(&path, source))?;
        let source = BufReader::with_capacity(READ_BYTES, Section::from(&held, 0));
        container::inflate(base.layout(), source, out).map_err(|error| match error {
            ContainerError::Transfer(source) => failed(&path, source),
            source => RebuildError::Container { content, source },
        })
    }

    /// Makes containers of the opened forms that were built. One that comes out otherwise is left out by its digest, like any file.
    pub(super) fn close_containers(&mut self, update: &Update, old: &Packed<'_>) -> Result<(), RebuildError> {
        for container in &update.forms.containers {
            if self.contents.remove(&container.form()).is_none() {
                continue;
            }
            let form = self.path(&container.form());
            if self.close(container, old)? {
                self.contents.insert(container.content(), container.layout().stored_length());
            }
            fs::remove_file(&form).map_err(|source| failed(&form, source))?;
        }
        Ok(())
    }

    /// `false` when the opened form is not that of a container.
    fn close(&self, container: &Container, old: &Packed<'_>) -> Result<bool, RebuildError> {
        let (form, path) = (self.path(&container.form()), self.path(&container.content()));
        let opened = File::open(&form).map_err(|source| failed(&form, source))?;
        let out = File::create(&path).map_err(|source| failed(&path, source))?;
        let lender = container.lender().and_then(|lender| old.content(&lender));
        let lender = lender.as_ref().map(|content| content as &(dyn ReadAt + Sync));
        let opened = BufReader::new(opened);
        match container::rebuild(container.layout(), container.corrections(), lender, opened, out) {
            Ok(()) => Ok(true),
            Err(ContainerError::Transfer(source)) => Err(failed(&path, source)),
            Err(_) => Ok(false),
        }
    }
}
