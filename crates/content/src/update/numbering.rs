//! Contents by number: both sides have both trees, so an update names contents by their places in lists made from these.
//!
//! The lists are part of the format. They are ordered so that the usual neighbour is one further: files that changed in place
//! stand at the same number in both.

use std::collections::{HashMap, HashSet};

use dray_model::Digest;

use super::{Forms, OpenedBase};
use crate::manifest::Manifest;
use crate::tree::Tree;

/// A content and its size in bytes.
pub(super) type Sized = (Digest, u64);

/// The contents of two trees as an update numbers them.
pub(super) struct Numbering {
    /// Contents of the tree `from`: first those that the wanted tree lacks, then those that it keeps.
    pub(super) base: Vec<Sized>,
    gone: usize,
    /// Contents of the wanted tree that the tree `from` lacks.
    pub(super) wanted: Vec<Sized>,
}

impl Numbering {
    pub(super) fn new(from: &Tree, to: &Tree) -> Self {
        let (old, new) = (from.contents(), to.contents());
        let digests = |contents: &[Sized]| contents.iter().map(|(digest, _)| *digest).collect::<HashSet<_>>();
        let (had, stays) = (digests(&old), digests(&new));
        let (kept, mut base): (Vec<_>, Vec<_>) = old.into_iter().partition(|(digest, _)| stays.contains(digest));
        let gone = base.len();
        base.extend(kept);
        let wanted = new.into_iter().filter(|(digest, _)| !had.contains(digest)).collect();
        Self { base, gone, wanted }
    }

    /// What segments may be built from: the base list and behind it the opened forms.
    pub(super) fn bases(&self, forms: &Forms) -> Vec<Sized> {
        self.base.iter().copied().chain(forms.bases.iter().map(OpenedBase::sized)).collect()
    }

    /// What segments build: the wanted list without what `manifest` builds from chunks, containers in their opened forms.
    pub(super) fn built(&self, manifest: &Manifest, forms: &Forms) -> Vec<Sized> {
        let opened: HashMap<Digest, Sized> =
            forms.containers.iter().map(|container| (container.content(), container.sized())).collect();
        let is_built = |(content, _): &&Sized| manifest.recipe(content).is_none();
        let form = |content: &Sized| opened.get(&content.0).copied().unwrap_or(*content);
        self.wanted.iter().filter(is_built).map(form).collect()
    }

    /// The contents that only the tree `from` has.
    pub(super) fn gone(&self) -> &[Sized] {
        &self.base[..self.gone]
    }
}

/// The number of each content of a list.
pub(super) fn numbers(contents: &[Sized]) -> HashMap<Digest, usize> {
    contents.iter().enumerate().map(|(number, (digest, _))| (*digest, number)).collect()
}
