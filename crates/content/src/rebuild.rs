//! Rebuilding: the packs of an old content, an update and its segments give the packs of the new content.
//!
//! For distribution points, which need whole packs and should not fetch what they can compute. First the contents that the update
//! builds from segments are written to a scratch folder ([`Scratch::build`]), then each pack is put together from chunks of
//! these ([`Scratch::write_pack`]). What is not available this way, because the update leaves it to chunks or because another zstd compressed
//! it, stays a hole that the caller fetches. Nothing here is trusted: a pack is good when its bytes have the digest of its name.

mod container;
mod manifest;
mod pack;
mod segment;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use crate::codec::DecodeError;
use crate::container::ContainerError;
use crate::difference::DifferenceError;
use crate::packed::{Packed, Packs};
use crate::update::{Segment, Update};
use crate::verify::hash_file;

pub use manifest::describe_manifest;
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
    #[error("the update builds on {}, which is missing", .0.short())]
    NoBase(Digest),
    /// A segment can't be read, or has other bytes than it should.
    #[error("cannot use the segment that builds {}", content.short())]
    Segment {
        /// The first content that it is for.
        content: Digest,
        /// What is wrong with it.
        source: DifferenceError,
    },
    /// A container that differences begin from is not what the update says.
    #[error("cannot open the container {}", content.short())]
    Container {
        /// The content.
        content: Digest,
        /// Why not.
        source: ContainerError,
    },
    /// A segment gives other bytes than the update says.
    #[error("the segment that builds {} does not produce the right bytes", .0.short())]
    Output(Digest),
    /// A manifest difference can't be read.
    #[error("cannot build the manifest from the old one")]
    Manifest(#[source] DecodeError),
    /// The manifest doesn't list all that is in the pack.
    #[error("the manifest does not list everything in the pack {}", .0.short())]
    Unlisted(Digest),
    /// The disk is full.
    #[error("the disk holding {} is full", .0.display())]
    DiskFull(PathBuf),
    /// Something can't be read or written.
    #[error("cannot read or write {}", path.display())]
    Scratch {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Scratch {
    /// Builds what `update` builds from segments into `folder`, which must be empty: the base is read from the packs of `old`,
    /// segments from `packs`. Memory: one segment, what [`Packed`] keeps, and some MiB while a container is closed. Disk: the sizes
    /// of what is built, and on the way [`space`].
    ///
    /// # Errors
    /// [`RebuildError`]. The folder is removed then, as when this is dropped.
    pub fn build(update: &Update, old: &Packed<'_>, packs: &dyn Packs, folder: &Path) -> Result<Self, RebuildError> {
        let mut scratch = Self { folder: folder.to_owned(), contents: HashMap::new() };
        scratch.build_segments(update, old, packs)?;
        scratch.close_containers(update, old)?;
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

    fn path(&self, content: &Digest) -> PathBuf {
        self.folder.join(content.to_string())
    }
}

/// Bytes of disk that [`Scratch::build`] takes at most.
#[must_use]
pub fn space(update: &Update) -> u64 {
    let built = update.segments.iter().map(Segment::length);
    let opened = update.forms.bases.iter().map(|base| base.layout().opened_length());
    let closed = update.forms.containers.iter().map(|container| container.layout().stored_length());
    built.chain(opened).chain(closed).fold(0, u64::saturating_add)
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
