//! A folder whose content is known: what a receiver holds, and what updates are made from.

use std::ffi::OsStr;
use std::path::Path;

use dray_content::identify::identify;
use dray_content::ingest::Ingested;
use dray_content::plan::HeldTreeId;
use dray_content::store::FolderStore;
use dray_content::update::prepare::Folder;
use dray_content::{Manifest, Tree};

use super::source::Source;
use crate::error::{Failure, Outcome};

/// A folder with its tree.
pub(super) struct Held {
    source: Source,
    /// The tree, with recipes where they are known: they tell which chunks are in its files.
    pub(super) manifest: Manifest,
}

impl Held {
    /// Finds out which tree the folder or file at `path` is. When `store` knows it, its chunks are known too.
    pub(super) fn identify(store: &FolderStore, path: &Path, name: Option<&OsStr>) -> Outcome<Self> {
        let source = Source::open(path, name)?;
        let tree = identify(source.folder(), store.limits()).map_err(|error| {
            Failure::failed(format!("cannot use the contents of {}", path.display())).because(&error)
        })?;
        let content = tree.digest();
        let manifest = match store.find_manifest(&content)? {
            Some(name) => store.manifest(&name, &content)?,
            None => stored_but_for_times(store, &tree)?.unwrap_or_else(|| bare(tree)),
        };
        Ok(Self { source, manifest })
    }

    /// A folder that was ingested just now.
    pub(super) fn ingested(source: Source, ingested: Ingested) -> Self {
        Self { source, manifest: ingested.manifest }
    }

    /// Its tree.
    pub(super) const fn tree(&self) -> &Tree {
        self.manifest.tree()
    }

    /// Its name in plans.
    pub(super) fn id(&self) -> HeldTreeId {
        HeldTreeId(self.tree().digest())
    }

    /// Where it lies.
    pub(super) fn folder(&self) -> &Path {
        self.source.folder()
    }

    /// Its contents, to be read by digest.
    pub(super) fn contents(&self) -> Folder {
        Folder::new(self.folder(), self.tree())
    }
}

/// What the store holds that is the same in all but times: a copy of a folder has others, and is as good to build from.
fn stored_but_for_times(store: &FolderStore, tree: &Tree) -> Outcome<Option<Manifest>> {
    let manifests = store.contents()?.into_iter().filter_map(|(name, content)| store.manifest(&name, &content).ok());
    Ok(manifests.into_iter().find(|manifest| manifest.tree().is_same_but_for_times(tree)))
}

/// A tree of which nothing more is known.
fn bare(tree: Tree) -> Manifest {
    Manifest::new(tree, &[], &[], Vec::new()).expect("without recipes there is nothing to contradict")
}
