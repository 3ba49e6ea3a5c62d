//! The manifest of the new content, made from that of the old one and from what the update builds.

use std::collections::HashSet;
use std::fs::File;
use std::io;

use dray_model::Digest;

use super::{RebuildError, Scratch, failed};
use crate::chunker::{CHUNK_BYTES_MIN, Chunker};
use crate::limits::Limits;
use crate::manifest::{InvalidManifest, Manifest, difference};
use crate::tree::Tree;
use crate::update::Update;

/// Describes `new` to those that have `old` and the contents that `update` builds: they compute the digests of the chunks that these are
/// cut into.
///
/// # Errors
/// When one of the manifests is partial.
pub fn describe_manifest(old: &Manifest, new: &Manifest, update: &Update) -> Result<Vec<u8>, InvalidManifest> {
    let mut known = told(update);
    for content in built(update, old.tree()) {
        let recipe = new.recipe(&content).ok_or(InvalidManifest::Incomplete(content))?;
        known.extend(recipe.iter().map(|piece| new.chunks()[piece.chunk as usize].digest));
    }
    difference::encode(new, old, &known)
}

impl Scratch {
    /// Reads what [`describe_manifest`] wrote for `old` and the update that this was built by. The manifest is right when its encoding
    /// has the digest that is wanted.
    ///
    /// # Errors
    /// When the bytes don't give a manifest, or a content that was built can't be read.
    pub fn manifest(&self, bytes: &[u8], old: &Manifest, update: &Update) -> Result<Manifest, RebuildError> {
        let mut known = told(update);
        for content in built(update, old.tree()).into_iter().filter(|content| self.contents.contains_key(content)) {
            let path = self.path(&content);
            let cut = File::open(&path).and_then(|file| cut(file, &mut known));
            cut.map_err(|source| failed(&path, source))?;
        }
        let read = difference::decode(bytes, update.manifest.tree(), old, &known, &Limits::default());
        read.map_err(RebuildError::Manifest)
    }
}

/// Digests of the chunks that the update names.
fn told(update: &Update) -> Vec<Digest> {
    update.manifest.chunks().iter().map(|chunk| chunk.digest).collect()
}

/// The contents that the update builds from segments and that are cut into chunks of their own, in the order of their tree.
fn built(update: &Update, from: &Tree) -> Vec<Digest> {
    let held: HashSet<Digest> = from.contents().into_iter().map(|(content, _)| content).collect();
    let is_built = |(content, size): &(Digest, u64)| {
        *size >= CHUNK_BYTES_MIN as u64 && !held.contains(content) && update.manifest.recipe(content).is_none()
    };
    update.manifest.tree().contents().into_iter().filter(is_built).map(|(content, _)| content).collect()
}

fn cut(file: File, digests: &mut Vec<Digest>) -> io::Result<()> {
    let mut chunker = Chunker::new(file);
    while let Some(chunk) = chunker.next_chunk()? {
        digests.push(Digest::of(chunk));
    }
    Ok(())
}
