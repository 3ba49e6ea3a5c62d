//! Makes the manifest and the packs of a new content out of an update, its segments and what is here of an old content, and fetches only
//! what can't be made. An object comes to its place like any other: when its digest is right.
//!
//! Nothing depends on it: what isn't made is fetched. Memory: one segment and some chunks; disk: the contents that are built.

mod manifest;
mod packs;

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use dray_client::content::{self, FetchError};
use dray_content::packed::{Packed, Packs};
use dray_content::rebuild::{self, RebuildError, Scratch};
use dray_content::{DecodeError, Limits, Manifest, ObjectName, Update};
use dray_model::Digest;
use dray_model::cause::in_full;

use super::reconcile::Fetch;
use super::transfer::TransferError;
use crate::config::Clock;
use crate::error::PointError;
use crate::folder::{Folder, HeldObject};

/// A content and its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) content: Digest,
    pub(super) manifest: Fetch,
}

/// A rebuild to be carried out.
pub(super) struct Rebuild {
    pub(super) folder: Arc<Folder>,
    pub(super) sources: content::Fetch,
    /// All of it is here; none when the update begins from nothing.
    pub(super) old: Option<Described>,
    pub(super) new: Described,
    /// Digest of the update object, which is here with its packs.
    pub(super) update: Digest,
    /// What makes the new manifest, if it is here.
    pub(super) manifest_difference: Option<ObjectName>,
    /// Space that is left free on the disk.
    pub(super) reserve_bytes: u64,
    pub(super) clock: Clock,
}

/// Why nothing came of a rebuild.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildFailure {
    /// An object that should be here can't be read.
    #[error("cannot read {object}")]
    Object {
        /// Which.
        object: ObjectName,
        /// Why not.
        source: io::Error,
    },
    /// An object is here and can't be used.
    #[error("cannot use {object}")]
    Decode {
        /// Which.
        object: ObjectName,
        /// Why not.
        source: DecodeError,
    },
    /// The disk is too small for it.
    #[error("not enough disk space: {needed_bytes} bytes needed, {free_bytes} free")]
    NoRoom {
        /// With what is kept in reserve.
        needed_bytes: u64,
        /// What there is.
        free_bytes: u64,
    },
    /// The update or its segments.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
    /// The holes.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The manifest, which could not be made.
    #[error(transparent)]
    Manifest(#[from] TransferError),
    /// The folder.
    #[error(transparent)]
    Folder(#[from] PointError),
    /// The runtime is shutting down.
    #[error("the rebuild was stopped")]
    Stopped(#[from] tokio::task::JoinError),
}

/// What came of a rebuild.
#[derive(Debug, Default)]
pub(super) struct Rebuilt {
    /// Objects that are in their places now.
    pub(super) objects: Vec<(ObjectName, HeldObject)>,
    /// Bytes that were made here.
    pub(super) made_bytes: u64,
    /// Bytes that were fetched: of holes, or a whole manifest.
    pub(super) fetched_bytes: u64,
}

/// The contents that were built.
struct Built {
    old: Manifest,
    update: Update,
    scratch: Scratch,
}

impl Rebuilt {
    fn add(&mut self, object: ObjectName, held: HeldObject, fetched_bytes: u64) {
        self.objects.push((object, held));
        self.made_bytes += held.bytes - fetched_bytes;
        self.fetched_bytes += fetched_bytes;
    }
}

impl Rebuild {
    /// Carries it out. What is left when this is dropped is removed by the next one.
    pub(super) async fn run(self) -> Result<Rebuilt, RebuildFailure> {
        let this = Arc::new(self);
        let mut rebuilt = Rebuilt::default();
        let work = Arc::clone(&this);
        let built = tokio::task::spawn_blocking(move || work.build()).await??;
        let (manifest, built) = Self::obtain_manifest(&this, built, &mut rebuilt).await?;
        if let Err(error) = Self::obtain_packs(&this, manifest, built, &mut rebuilt).await {
            // What is in its place is to be known of.
            tracing::warn!(error = %in_full(&error), "cannot build packs from an update; downloading them");
        }
        let folder = Arc::clone(&this.folder);
        if let Err(error) = tokio::task::spawn_blocking(move || folder.clear_scratch()).await? {
            tracing::warn!(error = %in_full(&error), "cannot remove temporary files");
        }
        Ok(rebuilt)
    }

    /// Puts the contents together. Blocking.
    fn build(&self) -> Result<Built, RebuildFailure> {
        self.folder.clear_scratch()?;
        let old = match &self.old {
            Some(old) => self.manifest(old)?,
            None => Manifest::default(),
        };
        let object = ObjectName::Update(self.update);
        let update = Update::decode(&self.read(object)?, old.tree(), &self.new.content, &Limits::default())
            .map_err(|source| RebuildFailure::Decode { object, source })?;
        self.check_room(rebuild::space(&update))?;
        let packs = HeldPacks(&self.folder);
        let contents = self.folder.scratch().join("contents");
        fs::create_dir_all(&contents).map_err(PointError::folder("create the folder", &contents))?;
        let scratch = Scratch::build(&update, &Packed::new(&old, &packs), &packs, &contents)?;
        Ok(Built { old, update, scratch })
    }

    fn check_room(&self, bytes: u64) -> Result<(), RebuildFailure> {
        let needed_bytes = bytes.saturating_add(self.reserve_bytes);
        let free_bytes = self.folder.free_bytes()?;
        if free_bytes < needed_bytes {
            return Err(RebuildFailure::NoRoom { needed_bytes, free_bytes });
        }
        Ok(())
    }

    fn manifest(&self, described: &Described) -> Result<Manifest, RebuildFailure> {
        let object = described.manifest.object;
        Manifest::decode(&self.read(object)?, &described.content, &Limits::default())
            .map_err(|source| RebuildFailure::Decode { object, source })
    }

    fn is_here(&self, object: &ObjectName, bytes: u64) -> bool {
        fs::metadata(self.folder.object(object)).is_ok_and(|held| held.len() == bytes)
    }

    fn read(&self, object: ObjectName) -> Result<Vec<u8>, RebuildFailure> {
        fs::read(self.folder.object(&object)).map_err(|source| RebuildFailure::Object { object, source })
    }

    /// Where an object is put together.
    fn path(&self, object: &Digest) -> PathBuf {
        self.folder.scratch().join(object.to_string())
    }
}

/// The packs in a point's folder.
struct HeldPacks<'a>(&'a Folder);

impl Packs for HeldPacks<'_> {
    fn read(&self, pack: &Digest, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut file = File::open(self.0.object(&ObjectName::Pack(*pack)))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }
}
