//! Segments: applied to what the old packs hold, checked, written to the files that they are for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};

use dray_model::Digest;

use super::{RebuildError, Scratch, failed};
use crate::difference::{self, DifferenceError};
use crate::open_files::{BaseRange, OpenFiles};
use crate::packed::{Packed, Packs};
use crate::read_at::{Concatenation, ReadAt, Window};
use crate::update::{Place, Segment, Update, relocated_part};

impl Scratch {
    /// Builds the output of all segments, containers in their opened forms.
    pub(super) fn build_segments(
        &mut self,
        update: &Update,
        old: &Packed<'_>,
        packs: &dyn Packs,
    ) -> Result<(), RebuildError> {
        let mut opened = HashSet::new();
        let mut output = Vec::new();
        for segment in &update.segments {
            let bases: HashSet<Digest> = segment.base.iter().map(|part| part.content).collect();
            for base in update.forms.bases.iter().filter(|base| bases.contains(&base.form())) {
                if opened.insert(base.form()) {
                    self.open_base(base, old)?;
                }
            }
            self.apply(update, segment, (old, &opened), packs, &mut output)?;
            self.keep(segment, &output)?;
        }
        for form in opened {
            let path = self.path(&form);
            fs::remove_file(&path).map_err(|source| failed(&path, source))?;
        }
        Ok(())
    }

    fn apply(
        &self,
        update: &Update,
        segment: &Segment,
        (old, opened): (&Packed<'_>, &HashSet<Digest>),
        packs: &dyn Packs,
        output: &mut Vec<u8>,
    ) -> Result<(), RebuildError> {
        let content = segment.output[0].content;
        let wrong = |source| RebuildError::Segment { content, source };
        let unread = |error| wrong(DifferenceError::Base(error));
        let difference = difference_of(update, segment, packs).map_err(unread)?;
        let files = OpenFiles::default();
        let mut base: Vec<Box<dyn ReadAt + '_>> = Vec::new();
        for part in &segment.base {
            let parts = if opened.contains(&part.content) {
                let path = self.path(&part.content);
                let open = |offset, length| -> io::Result<Box<dyn ReadAt + '_>> {
                    Ok(Box::new(BaseRange { files: &files, path: path.clone(), offset, length }))
                };
                relocated_part(*part, &update.relocations, open)
            } else {
                let held = old.content(&part.content).ok_or(RebuildError::NoBase(part.content))?;
                let open = |offset, length| -> io::Result<Box<dyn ReadAt + '_>> {
                    let window = Window::new(held.clone(), offset, length);
                    Ok(Box::new(window.ok_or(io::ErrorKind::UnexpectedEof)?))
                };
                relocated_part(*part, &update.relocations, open)
            };
            base.extend(parts.map_err(unread)?);
        }
        let base = Concatenation::new(base).map_err(unread)?;
        output.clear();
        difference::apply(&base, &difference, segment.length(), output).map_err(wrong)?;
        // What is whole contents is checked as such when all are built.
        let is_right = segment.digest.is_none_or(|digest| Digest::of(output) == digest);
        if is_right { Ok(()) } else { Err(RebuildError::Output(content)) }
    }

    /// Writes a segment's output to the files that it is for.
    fn keep(&mut self, segment: &Segment, output: &[u8]) -> Result<(), RebuildError> {
        let mut rest = output;
        for part in &segment.output {
            let (bytes, after) = rest.split_at(part.length as usize);
            let path = self.path(&part.content);
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
            let written = file.and_then(|file| write_at(&file, part.offset, bytes));
            written.map_err(|source| failed(&path, source))?;
            let length = self.contents.entry(part.content).or_default();
            *length = (*length).max(part.offset + bytes.len() as u64);
            rest = after;
        }
        Ok(())
    }
}

/// The difference of a segment, checked where it is in a pack.
fn difference_of<'a>(update: &Update, segment: &'a Segment, packs: &dyn Packs) -> io::Result<Cow<'a, [u8]>> {
    let at = match &segment.place {
        Place::Carried(difference) => return Ok(Cow::Borrowed(difference)),
        Place::Packed(at) => at,
    };
    let mut difference = vec![0; at.length as usize];
    packs.read(&update.packs[at.pack as usize].digest, at.offset, &mut difference)?;
    if Digest::of(&difference) == at.digest {
        Ok(Cow::Owned(difference))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it has another digest"))
    }
}

fn write_at(mut file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
