//! The new manifest: made of the old one where that is possible, else fetched.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use dray_content::Manifest;
use dray_model::Digest;
use dray_model::cause::in_full;

use super::super::reconcile::Fetch;
use super::super::transfer::Transfer;
use super::{Built, Rebuild, RebuildFailure, Rebuilt};
use crate::error::PointError;
use crate::folder::HeldObject;

/// What came of making a manifest.
enum Made {
    WasHere,
    Now(HeldObject),
    /// For this reason.
    Not(String),
}

impl Rebuild {
    /// The new manifest: it is here, or it is made, or it is fetched.
    pub(super) async fn obtain_manifest(
        this: &Arc<Self>,
        built: Built,
        rebuilt: &mut Rebuilt,
    ) -> Result<(Manifest, Built), RebuildFailure> {
        let Fetch { object, bytes } = this.new.manifest;
        let work = Arc::clone(this);
        let (made, built) = tokio::task::spawn_blocking(move || (work.make_manifest(&built), built)).await?;
        match made? {
            Made::WasHere => {}
            Made::Now(held) => rebuilt.add(object, held, 0),
            Made::Not(why) => {
                tracing::debug!(%object, why, "cannot build a manifest; downloading it");
                let transfer = Transfer {
                    folder: Arc::clone(&this.folder),
                    sources: this.sources.clone(),
                    fetch: this.new.manifest,
                    done: Arc::new(AtomicU64::new(0)),
                    clock: Arc::clone(&this.clock),
                };
                rebuilt.add(object, transfer.run().await?, bytes);
            }
        }
        let work = Arc::clone(this);
        let manifest = tokio::task::spawn_blocking(move || work.manifest(&work.new)).await??;
        Ok((manifest, built))
    }

    /// Makes the manifest where it isn't here, and gives it its place. Blocking.
    fn make_manifest(&self, built: &Built) -> Result<Made, RebuildFailure> {
        let Fetch { object, bytes } = self.new.manifest;
        if self.is_here(&object, bytes) {
            return Ok(Made::WasHere);
        }
        let Some(difference) = self.manifest_difference.filter(|object| self.folder.object(object).exists()) else {
            return Ok(Made::Not("there is no manifest difference from the old version".to_owned()));
        };
        let difference = self.read(difference)?;
        let encoded = match built.scratch.manifest(&difference, &built.old, &built.update) {
            Ok(manifest) => manifest.encode(),
            Err(error) => return Ok(Made::Not(in_full(&error))),
        };
        let is_right = |encoded: &Vec<u8>| encoded.len() as u64 == bytes && Digest::of(encoded) == object.digest();
        let Some(encoded) = encoded.ok().filter(is_right) else {
            return Ok(Made::Not("the result differs from the site's".to_owned()));
        };
        let path = self.path(&object.digest());
        let written = File::create_new(&path).and_then(|mut file| file.write_all(&encoded).map(|()| file));
        let file = written.map_err(PointError::folder("write", &path))?;
        let verified_at = (self.clock)();
        self.folder.install(&object, &path, &file, verified_at)?;
        Ok(Made::Now(HeldObject { bytes, verified_at }))
    }
}
