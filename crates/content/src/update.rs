//! Updates: how to get from one tree to another in the fewest bytes.
//!
//! An [`Update`] is for a pair of trees. It holds the wanted tree and, for each content that the held tree lacks, either chunks or
//! [`Segment`]s: runs of bytes that are built from the held tree and a difference stored in a pack (`docs/design/0003-updates.md`).
//! Trust comes from the wanted tree's digest alone; an update that lies can waste a download, never change a file.

mod check;
mod cursor;
mod encoding;
mod form;
mod numbering;
pub mod prepare;
mod relocation;

use std::collections::HashMap;
use std::sync::Arc;

use dray_model::Digest;

use crate::codec::DecodeError;
use crate::limits::Limits;
use crate::manifest::{InvalidManifest, Manifest, PackInfo};
use crate::tree::Tree;

pub use form::{Container, Forms, OpenedBase};
pub use relocation::{Relocation, relocated_part};

/// How the holder of one tree gets another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The content digest of the tree that must be held. That of the empty tree is held by everybody.
    pub from: Digest,
    /// The wanted tree, with recipes for those contents alone that are built from chunks.
    pub manifest: Manifest,
    /// The packs that segments are in.
    pub packs: Vec<PackInfo>,
    /// First those that are carried, then the others in order of their places in the packs. Together they cover every content
    /// that is neither in the tree `from` nor has a recipe,
    /// the containers of `forms` in their opened forms.
    pub segments: Vec<Segment>,
    /// Programs in the tree `from` that are relocated wherever they are in a base, in the order of the base list
    /// (`docs/formats.md`, "Update") and of their places.
    pub relocations: Vec<Relocation>,
    /// Containers that are opened.
    pub forms: Forms,
}

/// A run of output that is built from a base and a stored difference. Base and output are concatenations, which the codec sees as
/// one run of bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What is read of the tree `from`, in this order. May be empty.
    pub base: Vec<BasePart>,
    /// Where the output goes. At least one part.
    pub output: Vec<OutputPart>,
    /// Where the difference is.
    pub place: Place,
    /// BLAKE3 of the output; `None` when every part of it is all of a content of the wanted tree, whose digests tell.
    pub digest: Option<Digest>,
}

/// Where the difference of a segment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the update itself: the difference. It is small, so a place in a pack and a digest would cost more than they help.
    Carried(Arc<[u8]>),
    /// In a pack.
    Packed(PackedAt),
}

/// A place in one of an update's packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedAt {
    /// Which of the update's packs.
    pub pack: u32,
    /// Where the difference begins in it.
    pub offset: u64,
    /// Its bytes there.
    pub length: u32,
    /// BLAKE3 of them.
    pub digest: Digest,
}

/// A range of a content of the tree `from`, or of an opened form of one. Of most contents it is all; of a very large one a window, so that preparing updates
/// needs to index no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasePart {
    /// The content.
    pub content: Digest,
    /// Where the range begins in it.
    pub offset: u64,
    /// Its bytes, at least 1.
    pub length: u64,
}

/// A range of a content of the wanted tree, or of the opened form of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputPart {
    /// The content.
    pub content: Digest,
    /// Where the range begins in it.
    pub offset: u64,
    /// Its bytes, at least 1.
    pub length: u32,
}

/// Why parts don't make an update.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUpdate {
    /// The tree at hand is not the one that the update is for.
    #[error("the update applies to content {}, not to {}", from.short(), given.short())]
    From {
        /// The content digest that must be held.
        from: Digest,
        /// The content digest at hand.
        given: Digest,
    },
    /// A pack that is named twice.
    #[error("the pack {} is listed twice", .0.short())]
    PackTwice(Digest),
    /// A difference that is empty, outside of its pack, or not behind the one before.
    #[error("the difference {} has an impossible location", .0.short())]
    Stored(Digest),
    /// A base that is not in the tree `from`, or a range that is not in its content.
    #[error("the base {} is missing", .0.short())]
    Base(Digest),
    /// A segment that should have a digest of its output, or should not.
    #[error("the difference {} does not declare its output correctly", .0.short())]
    Digest(Digest),
    /// A segment that builds nothing.
    #[error("the difference {} has no output", .0.short())]
    NoOutput(Digest),
    /// A content that segments don't build exactly once from its first byte to its last.
    #[error("the file {} is not built exactly once", .0.short())]
    Coverage(Digest),
    /// A recipe or segment for something that is in the tree `from` or not in the wanted one, or is built by the other way already.
    #[error("{} is built more than once", .0.short())]
    Surplus(Digest),
    /// A container that doesn't exist, or is opened twice, or whose layout is that of another file.
    #[error("cannot open the container {} as described", .0.short())]
    Container(Digest),
    /// A recipe that is at odds with the wanted tree.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
}

impl From<InvalidUpdate> for DecodeError {
    fn from(invalid: InvalidUpdate) -> Self {
        match invalid {
            InvalidUpdate::From { from, given } => Self::OtherBase { expected: from, found: given },
            invalid => Self::illegal("update", invalid),
        }
    }
}

impl Update {
    /// Writes the update (`docs/formats.md`, "Update"); `base` is the tree `from`. Its name in a store is the BLAKE3 of these bytes.
    ///
    /// # Errors
    /// When `base` is another tree, or segments and recipes are not exactly what its holder needs.
    pub fn encode(&self, base: &Tree) -> Result<Vec<u8>, InvalidUpdate> {
        encoding::encode(self, base)
    }

    /// Reads an update with the help of the tree `base`, which it must be for, and checks that it gives the content `to`.
    ///
    /// # Errors
    /// When the bytes are not an update within `limits`, are damaged, are for another base or other content, or leave out a byte of
    /// what the holder of `base` lacks.
    pub fn decode(bytes: &[u8], base: &Tree, to: &Digest, limits: &Limits) -> Result<Self, DecodeError> {
        encoding::decode(bytes, base, Some(to), limits)
    }

    /// As [`Update::decode`], whichever content it gives. For keeping updates; those who act on one know what they want.
    ///
    /// # Errors
    /// As [`Update::decode`].
    pub fn decode_any(bytes: &[u8], base: &Tree, limits: &Limits) -> Result<Self, DecodeError> {
        encoding::decode(bytes, base, None, limits)
    }

    /// The content digest of the tree that an update is for, from its first bytes.
    ///
    /// # Errors
    /// When they are not those of an update.
    pub fn base(bytes: &[u8]) -> Result<Digest, DecodeError> {
        encoding::base(bytes)
    }
}

impl Segment {
    /// Bytes of its base.
    #[must_use]
    pub fn base_length(&self) -> u64 {
        self.base.iter().map(|part| part.length).sum()
    }

    /// Bytes of its output.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.output.iter().map(|part| u64::from(part.length)).sum()
    }

    /// A segment of which no more is known yet.
    const fn at(place: Place) -> Self {
        Self { base: Vec::new(), output: Vec::new(), place, digest: None }
    }

    /// Whether every part of its output is all of a content of the wanted tree; `wanted` gives their sizes.
    fn is_whole(&self, wanted: &HashMap<Digest, u64>) -> bool {
        self.output.iter().all(|part| wanted.get(&part.content) == Some(&part.length.into()))
    }

    /// Where its difference is in a pack, if it is in one.
    #[must_use]
    pub const fn packed(&self) -> Option<&PackedAt> {
        match &self.place {
            Place::Packed(at) => Some(at),
            Place::Carried(_) => None,
        }
    }
}

impl PackedAt {
    /// Where the difference ends in the pack.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset + u64::from(self.length)
    }
}

impl Place {
    /// BLAKE3 of the difference.
    #[must_use]
    pub fn digest(&self) -> Digest {
        match self {
            Self::Carried(difference) => Digest::of(difference),
            Self::Packed(at) => at.digest,
        }
    }
}

#[cfg(test)]
mod tests;
