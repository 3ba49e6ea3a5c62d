//! Makes the packs of a new content out of an update, its segments and the packs of an old content, which are all here, and fetches
//! only the holes that stay. A pack comes to its place like any other: when its digest is right.
//!
//! Nothing depends on it: what can't be made is fetched. Memory: one segment and some chunks; disk: the contents that are built.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use dray_client::content::{self, FetchError};
use dray_client::error::in_full;
use dray_content::manifest::PackInfo;
use dray_content::packed::{Packed, Packs};
use dray_content::rebuild::{RebuildError, Scratch};
use dray_content::{DecodeError, Limits, Manifest, ObjectName, Update};
use dray_model::Digest;

use crate::config::Clock;
use crate::error::PointError;
use crate::folder::{Folder, HeldObject};

/// A content and the manifest that is here of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) content: Digest,
    pub(super) manifest: Digest,
}

/// A rebuild to be carried out.
pub(super) struct Rebuild {
    pub(super) folder: Arc<Folder>,
    pub(super) sources: content::Fetch,
    pub(super) old: Described,
    pub(super) new: Described,
    /// Digest of the update object.
    pub(super) update: Digest,
    /// The packs that are missing.
    pub(super) packs: Vec<PackInfo>,
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
    #[error("{object} can't be used")]
    Decode {
        /// Which.
        object: ObjectName,
        /// Why not.
        source: DecodeError,
    },
    /// The disk is too small for it.
    #[error("the disk has {free_bytes} bytes free; {needed_bytes} are needed")]
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
    /// Packs that are in their places now.
    pub(super) packs: Vec<(ObjectName, HeldObject)>,
    /// Bytes that were made here.
    pub(super) made_bytes: u64,
    /// Bytes of holes, which were fetched.
    pub(super) fetched_bytes: u64,
}

/// A pack with holes, in a file of its own.
struct Unfinished {
    pack: PackInfo,
    holes: Vec<Range<u64>>,
}

impl Unfinished {
    fn hole_bytes(&self) -> u64 {
        self.holes.iter().map(|hole| hole.end - hole.start).sum()
    }
}

impl Rebuild {
    /// Carries it out. What is left when this is dropped is removed by the next one.
    pub(super) async fn run(self) -> Result<Rebuilt, RebuildFailure> {
        let this = Arc::new(self);
        let work = Arc::clone(&this);
        let unfinished = tokio::task::spawn_blocking(move || work.build()).await??;
        let mut rebuilt = Rebuilt::default();
        for pack in unfinished {
            let name = ObjectName::Pack(pack.pack.digest);
            match Self::finish(&this, &pack).await {
                Ok(Some(held)) => {
                    let holes = pack.hole_bytes();
                    rebuilt.packs.push((name, held));
                    rebuilt.made_bytes += held.bytes - holes;
                    rebuilt.fetched_bytes += holes;
                }
                Ok(None) => tracing::debug!(object = %name, "a pack came out otherwise than the site made it"),
                Err(error) => tracing::debug!(object = %name, error = %in_full(&error), "a pack can't be made"),
            }
        }
        let folder = Arc::clone(&this.folder);
        tokio::task::spawn_blocking(move || folder.clear_scratch()).await??;
        Ok(rebuilt)
    }

    /// Fetches what could not be made, and gives the pack its place when it is right then.
    async fn finish(this: &Arc<Self>, unfinished: &Unfinished) -> Result<Option<HeldObject>, RebuildFailure> {
        this.fetch_holes(unfinished).await?;
        let (work, pack) = (Arc::clone(this), unfinished.pack);
        tokio::task::spawn_blocking(move || work.install(&pack)).await?
    }

    /// Puts together what can be. Blocking.
    fn build(&self) -> Result<Vec<Unfinished>, RebuildFailure> {
        self.folder.clear_scratch()?;
        let old = self.manifest(&self.old)?;
        let new = self.manifest(&self.new)?;
        let object = ObjectName::Update(self.update);
        let update = Update::decode(&self.read(object)?, old.tree(), &self.new.content, &Limits::default())
            .map_err(|source| RebuildFailure::Decode { object, source })?;
        self.check_room(&update)?;
        let packs = HeldPacks(&self.folder);
        let contents = self.folder.scratch().join("contents");
        fs::create_dir_all(&contents).map_err(PointError::folder("make the folder", &contents))?;
        let scratch = Scratch::build(&update, &Packed::new(&old, &packs), &packs, &contents)?;
        let mut unfinished = Vec::new();
        for pack in &self.packs {
            let path = self.path(pack);
            let mut file = File::create_new(&path).map_err(PointError::folder("make", &path))?;
            let written = scratch.write_pack(&new, pack, &mut file)?;
            // Without anything made, the whole is fetched better.
            if written.bytes > 0 {
                unfinished.push(Unfinished { pack: *pack, holes: written.holes });
            }
        }
        Ok(unfinished)
    }

    fn check_room(&self, update: &Update) -> Result<(), RebuildFailure> {
        let contents: u64 = update.segments.iter().map(dray_content::update::Segment::length).sum();
        let packs: u64 = self.packs.iter().map(|pack| pack.size).sum();
        let needed_bytes = contents.saturating_add(packs).saturating_add(self.reserve_bytes);
        let free_bytes = self.folder.free_bytes()?;
        if free_bytes < needed_bytes {
            return Err(RebuildFailure::NoRoom { needed_bytes, free_bytes });
        }
        Ok(())
    }

    fn manifest(&self, described: &Described) -> Result<Manifest, RebuildFailure> {
        let object = ObjectName::Manifest(described.manifest);
        Manifest::decode(&self.read(object)?, &described.content, &Limits::default())
            .map_err(|source| RebuildFailure::Decode { object, source })
    }

    fn read(&self, object: ObjectName) -> Result<Vec<u8>, RebuildFailure> {
        fs::read(self.folder.object(&object)).map_err(|source| RebuildFailure::Object { object, source })
    }

    async fn fetch_holes(&self, unfinished: &Unfinished) -> Result<(), RebuildFailure> {
        let path = self.path(&unfinished.pack);
        for hole in &unfinished.holes {
            let mut reader = self.sources.read(ObjectName::Pack(unfinished.pack.digest), hole.start, hole.end);
            let mut at = hole.start;
            while let Some(piece) = reader.next().await? {
                let (target, length) = (path.clone(), piece.bytes.len() as u64);
                let write = move || write_at(&target, at, &piece.bytes);
                tokio::task::spawn_blocking(write).await?.map_err(PointError::folder("write", &path))?;
                at += length;
            }
        }
        Ok(())
    }

    /// Gives the pack its place when it is whole. Blocking.
    fn install(&self, pack: &PackInfo) -> Result<Option<HeldObject>, RebuildFailure> {
        let (path, object) = (self.path(pack), ObjectName::Pack(pack.digest));
        let hash = || {
            let mut file = File::options().read(true).write(true).open(&path)?;
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&mut file)?;
            io::Result::Ok((file, Digest::from(hasher.finalize())))
        };
        let (file, digest) = hash().map_err(PointError::folder("read", &path))?;
        if digest != pack.digest {
            return Ok(None);
        }
        let partial = self.folder.partial(&object);
        fs::rename(&path, &partial).map_err(PointError::folder("write", partial))?;
        let verified_at = (self.clock)();
        self.folder.install(&object, &file, verified_at)?;
        Ok(Some(HeldObject { bytes: pack.size, verified_at }))
    }

    fn path(&self, pack: &PackInfo) -> PathBuf {
        self.folder.scratch().join(pack.digest.to_string())
    }
}

fn write_at(path: &std::path::Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
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
