//! Segments: applied to held files, checked, written.
//!
//! The difference is known to be right before this begins, so wrong output means that a held file is damaged (or that the update
//! lies, which comes to the same): what is right of the output is kept, the rest is lost, and the damaged files are named.

use std::io;
use std::sync::Arc;

use dray_model::Digest;

use super::{AssembleError, Assembly};
use crate::difference;
use crate::open_files::{BaseRange, OpenFiles, open_regular};
use crate::plan::{HeldRange, PlannedDifference, Stored};
use crate::read_at::{Concatenation, ReadAt};
use crate::update::{BasePart, relocated_part};

impl Assembly {
    /// `false` when the stored bytes are not those of the segment.
    pub(super) fn accept_segment(&mut self, number: u32, stored: &[u8]) -> Result<bool, AssembleError> {
        let PlannedDifference::Fetched { digest, .. } = self.plan.segments[number as usize].difference else {
            return Ok(true);
        };
        if Digest::of(stored) != digest {
            return Ok(false);
        }
        self.build_segment(number, stored)?;
        Ok(true)
    }

    /// Builds what came with the update, as far as it is needed.
    pub(super) fn build_carried(&mut self) -> Result<(), AssembleError> {
        for number in 0..self.plan.segments.len() as u32 {
            let PlannedDifference::Carried(difference) = &self.plan.segments[number as usize].difference else {
                continue;
            };
            let difference = Arc::clone(difference);
            if self.is_needed(Stored::Segment(number)) {
                self.build_segment(number, &difference)?;
            }
        }
        Ok(())
    }

    fn build_segment(&mut self, number: u32, difference: &[u8]) -> Result<(), AssembleError> {
        self.open_bases(number)?;
        let mut output = std::mem::take(&mut self.output);
        output.clear();
        let is_built = self.apply(number, difference, &mut output);
        let written = self.write_output(number, is_built.then_some(&output));
        self.output = output;
        if !written? {
            self.find_damage(number);
        }
        Ok(())
    }

    /// Builds the output of a segment, unchecked. `false` when that can't be done.
    fn apply(&self, number: u32, difference: &[u8], output: &mut Vec<u8>) -> bool {
        let segment = &self.plan.segments[number as usize];
        let files = OpenFiles::default();
        let parts = |held: &HeldRange| {
            let (path, content) = match held.opened {
                Some(base) => (self.opened_base(base), self.plan.opened[base as usize].form()),
                None => (self.held_path(&held.file)?, held.content),
            };
            let open = |offset, length| -> io::Result<Box<dyn ReadAt + '_>> {
                Ok(Box::new(BaseRange { files: &files, path: path.clone(), offset, length }))
            };
            let part = BasePart { content, offset: held.offset, length: held.length };
            relocated_part(part, &self.plan.relocations, open).ok()
        };
        let parts: Option<Vec<_>> = segment.base.iter().map(parts).collect();
        let base = parts.and_then(|parts| Concatenation::new(parts.into_iter().flatten()).ok());
        let length = segment.output.iter().map(|part| u64::from(part.length)).sum();
        base.is_some_and(|base| difference::apply(&base, difference, length, output).is_ok())
    }

    /// Writes what is right of a segment's output to every place that lacks it. Where it is all of a file, the file's digest says
    /// whether it is right, else the segment's. `false` when some of it is lost.
    fn write_output(&mut self, number: u32, output: Option<&Vec<u8>>) -> Result<bool, AssembleError> {
        let targets = self.open_targets(Stored::Segment(number));
        let (mut is_right, mut is_all_kept) = (None, true);
        for number_of_target in targets {
            let target = *self.targets.get(number_of_target);
            let bytes = output.map(|output| &output[target.from as usize..][..target.length as usize]);
            let is_whole = self.is_whole(target.file, target.length);
            let right = bytes.filter(|bytes| {
                if is_whole {
                    return Digest::of(bytes) == self.plan.files[target.file as usize].content;
                }
                let segment = &self.plan.segments[number as usize];
                *is_right.get_or_insert_with(|| output.is_some_and(|output| Some(Digest::of(output)) == segment.digest))
            });
            match right {
                Some(bytes) => self.write_target(number_of_target, bytes, is_whole)?,
                None => {
                    self.files[target.file as usize].is_lost = true;
                    // Fetching it again would not help.
                    self.targets.set_done(number_of_target);
                    is_all_kept = false;
                }
            }
        }
        Ok(is_all_kept)
    }

    /// Reads the base of a segment to find out what of it is damaged, each file once.
    fn find_damage(&mut self, number: u32) {
        for held in &self.plan.segments[number as usize].base {
            if self.damaged.contains(&held.file) || self.undamaged.contains(&held.file) {
                continue;
            }
            let path = self.held_path(&held.file);
            let digest = path.and_then(|path| {
                let mut hasher = blake3::Hasher::new();
                hasher.update_reader(open_regular(&path).ok()?).ok()?;
                Some(Digest::from(hasher.finalize()))
            });
            if digest == Some(held.content) {
                self.undamaged.insert(held.file.clone());
            } else {
                self.damaged.push(held.file.clone());
            }
        }
    }
}
