//! A pack made again: from what is left of it, and from the source folders of the packages whose contents need it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use dray_content::mend::{self, Mended, Source};
use dray_content::{Limits, Manifest, ObjectName};
use dray_model::Digest;
use dray_model::count::counted;
use dray_store::content::damage::Publisher;
use futures_util::TryStreamExt as _;
use object_store::{GetResultPayload, ObjectStoreExt as _};
use tokio::io::AsyncWriteExt as _;

use super::{Made, versions, with_source};
use crate::content::upload::Upload;
use crate::content::{Staging, failed, load, location};
use crate::job::JobFailure;
use crate::site::Site;

/// Manifests that are looked at: those of the newest versions, and that of the oldest, which the pack was made for.
const MANIFESTS_MAX: usize = 16;

pub(super) async fn make(
    site: &Site,
    pack: &Digest,
    publishers: &[Publisher],
    staging: &Staging,
) -> Result<Made, JobFailure> {
    let mut manifests: Vec<(Digest, Manifest)> = Vec::new();
    let oldest = publishers.last().into_iter();
    for publisher in oldest.chain(publishers.iter().take(MANIFESTS_MAX)) {
        let is_new = manifests.iter().all(|(content, _)| *content != publisher.content);
        if is_new && let Ok(manifest) = load(site, publisher.content, publisher.manifest).await {
            manifests.push((publisher.content, manifest));
        }
    }
    let folders: Vec<PathBuf> = with_source(publishers).map(|(_, folder)| folder.to_owned()).collect();
    let damaged = left(site, pack, staging.path()).await?;
    let (digest, path) = (*pack, staging.path().join("pack"));
    let work = {
        let path = path.clone();
        move || put_together(&digest, damaged, &manifests, folders, &path)
    };
    let mended = tokio::task::spawn_blocking(work).await.map_err(|error| JobFailure::passing(&error))?;
    let (mended, size_bytes) = mended.map_err(|error| JobFailure::passing(&error))?;
    let of = versions(publishers);
    Ok(match mended {
        Mended::Whole => Made::Good(Upload::File(path, size_bytes)),
        Mended::Lacking { chunks, bytes } => {
            let chunks = counted(chunks, "chunk");
            Made::Not(format!(
                "{chunks} of it, {bytes} bytes, are neither elsewhere in the store nor in the source folders of {of}"
            ))
        }
        Mended::Unlisted => Made::Not(format!("no manifest of {of} lists everything in it")),
        Mended::Different => Made::Not("it was compressed by a different version of Dray".to_owned()),
    })
}

/// Blocks.
fn put_together(
    pack: &Digest,
    damaged: Option<File>,
    manifests: &[(Digest, Manifest)],
    mut folders: Vec<PathBuf>,
    path: &Path,
) -> io::Result<(Mended, u64)> {
    folders.dedup();
    let sources: Vec<_> = if folders.is_empty() {
        manifests.iter().map(|(_, manifest)| Source::bare(manifest)).collect()
    } else {
        let pairs = folders.iter().flat_map(|folder| manifests.iter().map(move |(_, manifest)| (folder, manifest)));
        pairs.map(|(folder, manifest)| Source::folder(folder, manifest)).collect()
    };
    let mut out = File::options().read(true).write(true).create_new(true).open(path)?;
    let mended = mend::mend(pack, damaged, &sources, &mut out, &Limits::default())?;
    Ok((mended, out.metadata()?.len()))
}

/// What is left of the pack, in a file: the store's own, or a copy.
async fn left(site: &Site, pack: &Digest, folder: &Path) -> Result<Option<File>, JobFailure> {
    let got = match site.content().get(&location(&ObjectName::Pack(*pack))).await {
        Ok(got) => got,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(failed("read a damaged pack")(error).into()),
    };
    match got.payload {
        GetResultPayload::File(file, _) => Ok(Some(file)),
        GetResultPayload::Stream(mut pieces) => {
            let path = folder.join("damaged");
            let copy = tokio::fs::File::options().read(true).write(true).create_new(true).open(path).await;
            let mut copy = copy.map_err(|error| JobFailure::passing(&error))?;
            while let Some(piece) = pieces.try_next().await.map_err(failed("read a damaged pack"))? {
                copy.write_all(&piece).await.map_err(|error| JobFailure::passing(&error))?;
            }
            copy.flush().await.map_err(|error| JobFailure::passing(&error))?;
            Ok(Some(copy.into_std().await))
        }
    }
}
