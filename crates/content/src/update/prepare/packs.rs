//! The packs that segments are written to.

use std::fs::File;

use crate::ingest::{IngestError, StagedPack, Staging};
use crate::pack::{PackWriter, PackedChunk};
use dray_model::Digest;

/// Packs in the staging folder, one of them open.
pub(super) struct Packs<'a> {
    staging: &'a Staging,
    bytes_max: u64,
    open: Option<PackWriter<File>>,
    finished: Vec<StagedPack>,
}

impl<'a> Packs<'a> {
    pub(super) fn new(staging: &'a Staging, bytes_max: u64) -> Self {
        Self { staging, bytes_max, open: None, finished: Vec::new() }
    }

    /// Writes the stored bytes of a segment; gives the number of the pack and the place in it.
    pub(super) fn add(&mut self, stored: &[u8]) -> Result<(u32, PackedChunk), IngestError> {
        let length = stored.len() as u64;
        if self.open.as_ref().is_some_and(|open| !open.is_empty() && open.size_with(length) > self.bytes_max) {
            self.close()?;
        }
        let error = |error| self.staging.pack_error(error);
        let mut open = match self.open.take() {
            Some(open) => open,
            None => PackWriter::new(self.staging.open_pack()?).map_err(error)?,
        };
        let placed = open.append(Digest::of(stored), length as u32, stored).map_err(error)?;
        self.open = Some(open);
        Ok((self.finished.len() as u32, placed))
    }

    /// All packs in order.
    pub(super) fn finish(mut self) -> Result<Vec<StagedPack>, IngestError> {
        self.close()?;
        Ok(self.finished)
    }

    fn close(&mut self) -> Result<(), IngestError> {
        let Some(writer) = self.open.take() else { return Ok(()) };
        let finished = writer.finish().map_err(|error| self.staging.pack_error(error))?;
        self.finished.push(self.staging.name_pack(&finished)?);
        Ok(())
    }
}
