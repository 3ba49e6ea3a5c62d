//! What manifests ask for: read once, kept as a list of packs.

use std::collections::HashMap;
use std::sync::Arc;

use dray_content::manifest::PackInfo;
use dray_content::{Limits, Manifest, ObjectName};
use dray_model::Digest;
use dray_model::cause::in_full;

use crate::folder::Folder;

/// What a manifest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestNeeds {
    /// These packs.
    Packs(Arc<[PackInfo]>),
    /// Nothing that could be fetched: it can't be read, or is for other content.
    Unusable(String),
}

/// What manifests ask for, by manifest and the content that it should build.
pub type Needs = HashMap<(Digest, Digest), ManifestNeeds>;

/// What came of reading a manifest.
#[derive(Debug)]
pub(super) enum ReadManifest {
    Needs(ManifestNeeds),
    /// The bytes on disk are not those that were verified.
    Damaged(String),
}

/// Reads the manifest in its place in the folder. Blocking; memory: the manifest.
pub(super) fn read(folder: &Folder, manifest: Digest, content: Digest) -> ReadManifest {
    let bytes = match std::fs::read(folder.object(&ObjectName::Manifest(manifest))) {
        Ok(bytes) => bytes,
        Err(error) => return ReadManifest::Damaged(error.to_string()),
    };
    if Digest::of(&bytes) != manifest {
        return ReadManifest::Damaged("its digest does not match".to_owned());
    }
    ReadManifest::Needs(match Manifest::decode(&bytes, &content, &Limits::default()) {
        Ok(manifest) => ManifestNeeds::Packs(manifest.packs().into()),
        Err(error) => ManifestNeeds::Unusable(format!("cannot use the manifest: {}", in_full(&error))),
    })
}
