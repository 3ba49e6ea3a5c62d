//! What is ingested: a folder, or a single file, which is packaged as a folder that holds it alone.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use dray_content::ingest::{self, IngestError, Ingested, KnownChunks};
use dray_content::scan::{Names, OutsideLinks, Rules, SourceError};
use dray_content::store::{FolderStore, Incoming, KeptIndex};
use dray_content::{ObjectName, Progress};
use tempfile::TempDir;

use super::store::cannot;
use crate::error::{Exit, Failure, Outcome};

/// How sources are read.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Reading {
    /// What to do with links that lead out of the source: refuse them, or keep them as they are
    #[arg(long, value_name = "WHAT", default_value_t)]
    outside_links: OutsideLinks,
    /// Which names to allow: portable, those that every system allows, or unix, all that Linux allows
    #[arg(long, value_name = "WHICH", default_value_t)]
    names: Names,
}

/// A folder to ingest.
pub(super) struct Source {
    folder: PathBuf,
    /// Holds the copy of a single file as long as it is needed.
    copy: Option<TempDir>,
}

/// A source that was read and is not in the store yet.
pub(super) struct Staged {
    pub(super) ingested: Ingested,
    /// Holds its packs.
    incoming: Incoming,
}

impl Source {
    /// The folder at `path`, or one that holds a copy of the file there under the name `name`.
    pub(super) fn open(path: &Path, name: Option<&OsStr>) -> Outcome<Self> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::not_found(format!("{} does not exist", path.display())),
            _ => cannot("read", path, &error),
        };
        if !fs::metadata(path).map_err(missing)?.is_file() {
            return Ok(Self { folder: path.to_owned(), copy: None });
        }
        let copy = tempfile::tempdir().map_err(|error| cannot("write to", &std::env::temp_dir(), &error))?;
        let name = name.or_else(|| path.file_name()).unwrap_or(OsStr::new("file"));
        copy_with_time(path, &copy.path().join(name)).map_err(|error| cannot("copy", path, &error))?;
        Ok(Self { folder: copy.path().to_owned(), copy: Some(copy) })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What `store` remembers of it; `None` of a single file, whose copy is another file each time.
    pub(super) fn index(&self, store: &FolderStore) -> Outcome<Option<KeptIndex>> {
        if self.copy.is_some() { Ok(None) } else { Ok(Some(store.source_index(&self.folder)?)) }
    }

    /// Puts it into `store`, sparing what is `known`.
    pub(super) fn ingest(
        &self,
        store: &FolderStore,
        reading: Reading,
        known: &KnownChunks,
        progress: &dyn Progress,
    ) -> Outcome<Ingested> {
        self.stage(store, known, reading, progress)?.keep(store)
    }

    /// Reads it; `store` gets nothing yet.
    pub(super) fn stage(
        &self,
        store: &FolderStore,
        known: &KnownChunks,
        reading: Reading,
        progress: &dyn Progress,
    ) -> Outcome<Staged> {
        let incoming = store.incoming()?;
        let staging = incoming.path().join("packs");
        let (rules, limits) = (reading.into(), store.limits().clone());
        let options = ingest::Options { rules, limits, ..ingest::Options::default() };
        let ingested = ingest::ingest(&self.folder, &staging, known, &options, progress);
        Ok(Staged { ingested: ingested.map_err(|error| self.failure(&error))?, incoming })
    }

    fn failure(&self, error: &IngestError) -> Failure {
        let failure = |exit| Failure::new(exit, format!("cannot ingest {}", self.folder.display())).because(error);
        match error {
            IngestError::Source(SourceError::Changed(_)) => failure(Exit::Conflict),
            IngestError::Source(SourceError::Refused(refused)) => {
                failure(Exit::Failed).hint(format!("to {}, use {}", refused.what_options_do(), refused.options()))
            }
            _ => failure(Exit::Failed),
        }
    }
}

/// A copy is the same content only with the same time.
fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    fs::OpenOptions::new().append(true).open(to)?.set_modified(modified)
}

impl Staged {
    /// Puts it into the store.
    pub(super) fn keep(self, store: &FolderStore) -> Outcome<Ingested> {
        let Self { ingested, incoming } = self;
        for pack in &ingested.packs {
            store.put_file(&ObjectName::Pack(pack.digest), &pack.path)?;
        }
        // The manifest comes last: where it is, its packs are.
        store.put_bytes(&ObjectName::Manifest(ingested.manifest_digest), &ingested.manifest_bytes, &incoming)?;
        Ok(ingested)
    }
}

impl Reading {
    /// With the most tolerant rules that a store's content may have been read with.
    pub(super) const fn again() -> Self {
        Self { outside_links: OutsideLinks::Keep, names: Names::Unix }
    }
}

impl From<Reading> for Rules {
    fn from(reading: Reading) -> Self {
        Self { names: reading.names, outside_links: reading.outside_links }
    }
}

/// The chunks of everything in the store whose manifest can be read and whose packs are all there: more is stored where one is
/// damaged.
pub(super) fn known_chunks(store: &FolderStore) -> Outcome<KnownChunks> {
    let mut known = KnownChunks::default();
    for (name, content) in store.contents()? {
        if let Ok(manifest) = store.manifest(&name, &content)
            && store.has_packs_of(&manifest)
        {
            known.add(&manifest);
        }
    }
    Ok(known)
}
