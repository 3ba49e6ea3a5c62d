//! Rebuilding: whoever holds the packs of an old content, an update and its segments makes the packs of the new content.
//!
//! For distribution points, which need whole packs and should not fetch what they can compute. First the contents that the update
//! builds from segments are written to a scratch folder ([`Scratch::build`]), then each pack is put together from chunks of
//! these ([`Scratch::write_pack`]). What can't be had this way, because the update leaves it to chunks or because another zstd compressed
//! it, stays a hole that the caller fetches. Nothing here is trusted: a pack is good when its bytes have the digest of its name.

mod pack;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::difference::{self, Concatenation, DifferenceError, ReadAt, Window};
use crate::packed::{Packed, Packs};
use crate::update::{Container, OpenedBase, Place, Segment, Update, relocated_part};
use crate::verify::hash_file;

pub use pack::Written;

/// Contents of the wanted tree that were built from segments, one file each.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    /// Lengths of the contents that are whole.
    contents: HashMap<Digest, u64>,
}

/// Why packs can't be rebuilt. They can still be fetched.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The update asks for a content that the old manifest doesn't describe.
    #[error("the update builds on {}, which is not there", .0.short())]
    NoBase(Digest),
    /// A segment can't be read, or has other bytes than it should.
    #[error("the segment that builds {} can't be used", content.short())]
    Segment {
        /// The first content that it is for.
        content: Digest,
        /// What is wrong with it.
        source: DifferenceError,
    },
    /// A segment gives other bytes than the update says.
    #[error("the segment that builds {} gives other bytes than it should", .0.short())]
    Output(Digest),
    /// The manifest doesn't list all that is in the pack.
    #[error("the manifest doesn't list all that is in the pack {}", .0.short())]
    Unlisted(Digest),
    /// The disk is full.
    #[error("the disk of {} is full", .0.display())]
    DiskFull(PathBuf),
    /// Something can't be read or written.
    #[error("{} can't be read or written", path.display())]
    Scratch {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Scratch {
    /// Builds what `update` builds from segments into `folder`, which must be empty: the base is read from the packs of `old`,
    /// segments from `packs`. Memory: one segment and what [`Packed`] keeps. Disk: the sizes of what is built.
    ///
    /// # Errors
    /// [`RebuildError`]. The folder is removed then, as when this is dropped.
    pub fn build(update: &Update, old: &Packed<'_>, packs: &dyn Packs, folder: &Path) -> Result<Self, RebuildError> {
        let mut scratch = Self { folder: folder.to_owned(), contents: HashMap::new() };
        let mut output = Vec::new();
        let forms: HashSet<Digest> = forms(update).collect();
        let is_plain = |segment: &&Segment| {
            let bases = segment.base.iter().map(|part| &part.content);
            !bases.chain(segment.output.iter().map(|part| &part.content)).any(|content| forms.contains(content))
        };
        for segment in update.segments.iter().filter(is_plain) {
            scratch.apply(update, segment, old, packs, &mut output)?;
            scratch.keep(segment, &output)?;
        }
        let built = std::mem::take(&mut scratch.contents);
        for (content, length) in built {
            let path = scratch.path(&content);
            // A segment may be for a part of a content of which the rest comes otherwise.
            if hash_file(&path).map_err(|source| failed(&path, source))? == content {
                scratch.contents.insert(content, length);
            }
        }
        Ok(scratch)
    }

    /// Contents that were built.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether nothing was built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    fn apply(
        &self,
        update: &Update,
        segment: &Segment,
        old: &Packed<'_>,
        packs: &dyn Packs,
        output: &mut Vec<u8>,
    ) -> Result<(), RebuildError> {
        let content = segment.output[0].content;
        let wrong = |source| RebuildError::Segment { content, source };
        let difference = difference_of(update, segment, packs).map_err(|error| wrong(DifferenceError::Base(error)))?;
        let mut base: Vec<Box<dyn ReadAt + '_>> = Vec::new();
        for part in &segment.base {
            let content = old.content(&part.content).ok_or(RebuildError::NoBase(part.content))?;
            let open = |offset, length| -> io::Result<Box<dyn ReadAt + '_>> {
                let window = Window::new(content.clone(), offset, length);
                Ok(Box::new(window.ok_or(io::ErrorKind::UnexpectedEof)?))
            };
            let parts = relocated_part(*part, &update.relocations, open);
            base.extend(parts.map_err(|error| wrong(DifferenceError::Base(error)))?);
        }
        let base = Concatenation::new(base).map_err(|error| wrong(DifferenceError::Base(error)))?;
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

    fn path(&self, content: &Digest) -> PathBuf {
        self.folder.join(content.to_string())
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

/// Opened forms of containers, which are not built here: the chunks of those contents are fetched.
fn forms(update: &Update) -> impl Iterator<Item = Digest> {
    let containers = update.forms.containers.iter().map(Container::form);
    update.forms.bases.iter().map(OpenedBase::form).chain(containers)
}

fn write_at(mut file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

fn failed(path: &Path, source: io::Error) -> RebuildError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RebuildError::DiskFull(path.to_owned()),
        _ => RebuildError::Scratch { path: path.to_owned(), source },
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed now goes with the folder, which is the caller's.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
