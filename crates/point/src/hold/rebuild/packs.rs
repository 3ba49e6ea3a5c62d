//! The new packs: put together from what was built, with what is missing fetched.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use dray_content::manifest::PackInfo;
use dray_content::rebuild::Scratch;
use dray_content::{Manifest, ObjectName};
use dray_model::Digest;
use dray_model::cause::in_full;

use super::{Built, Rebuild, RebuildFailure, Rebuilt};
use crate::error::PointError;
use crate::folder::HeldObject;

/// A pack with holes, in a file of its own.
struct Unfinished {
    pack: PackInfo,
    holes: Vec<Range<u64>>,
}

impl Unfinished {
    /// What is to be fetched.
    fn hole_bytes(&self) -> u64 {
        self.holes.iter().map(|hole| hole.end - hole.start).sum()
    }
}

impl Rebuild {
    /// The packs of the new content that are not here, as far as they can be made.
    pub(super) async fn obtain_packs(
        this: &Arc<Self>,
        manifest: Manifest,
        built: Built,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildFailure> {
        let work = Arc::clone(this);
        let unfinished = tokio::task::spawn_blocking(move || work.write_packs(&manifest, &built.scratch)).await??;
        for pack in unfinished {
            let name = ObjectName::Pack(pack.pack.digest);
            match Self::finish(this, &pack).await {
                Ok(Some(held)) => rebuilt.add(name, held, pack.hole_bytes()),
                Ok(None) => tracing::debug!(object = %name, "a rebuilt pack differs from the site's"),
                Err(error) => tracing::debug!(object = %name, error = %in_full(&error), "cannot make a pack"),
            }
        }
        Ok(())
    }

    /// Writes what is available of the packs that are not here. Blocking.
    fn write_packs(&self, manifest: &Manifest, scratch: &Scratch) -> Result<Vec<Unfinished>, RebuildFailure> {
        let is_missing = |pack: &&PackInfo| !self.is_here(&ObjectName::Pack(pack.digest), pack.size);
        let missing: Vec<PackInfo> = manifest.packs().iter().filter(is_missing).copied().collect();
        self.check_room(missing.iter().map(|pack| pack.size).fold(0, u64::saturating_add))?;
        let mut unfinished = Vec::new();
        for pack in missing {
            let path = self.path(&pack.digest);
            let mut file = File::create_new(&path).map_err(PointError::folder("create", &path))?;
            let written = scratch.write_pack(manifest, &pack, &mut file)?;
            // Without anything made, the whole is fetched better.
            if written.bytes > 0 {
                unfinished.push(Unfinished { pack, holes: written.holes });
            }
        }
        Ok(unfinished)
    }

    /// Fetches what could not be made, and gives the pack its place when it is right then.
    async fn finish(this: &Arc<Self>, unfinished: &Unfinished) -> Result<Option<HeldObject>, RebuildFailure> {
        this.fetch_holes(unfinished).await?;
        let (work, pack) = (Arc::clone(this), unfinished.pack);
        tokio::task::spawn_blocking(move || work.install(&pack)).await?
    }

    async fn fetch_holes(&self, unfinished: &Unfinished) -> Result<(), RebuildFailure> {
        let path = self.path(&unfinished.pack.digest);
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
        let (path, object) = (self.path(&pack.digest), ObjectName::Pack(pack.digest));
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
        let verified_at = (self.clock)();
        self.folder.install(&object, &path, &file, verified_at)?;
        Ok(Some(HeldObject { bytes: pack.size, verified_at }))
    }
}

fn write_at(path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
