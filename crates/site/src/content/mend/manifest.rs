//! A manifest made again: the source folder is read as when it was published, with the same versions known. When it still holds the
//! same files, the same bytes come out, which the digest proves.

use std::path::PathBuf;

use dray_content::ingest::{IngestError, Ingested, KnownChunks, Options, ingest};
use dray_content::scan::Rules;
use dray_model::Digest;
use dray_store::content::damage::{self, Publisher};

use super::{Made, versions, with_source};
use crate::content::progress::Steps;
use crate::content::upload::Upload;
use crate::content::{Staging, load};
use crate::error::SiteError;
use crate::job::{JobFailure, Progress};
use crate::package::KNOWN_VERSIONS;
use crate::site::Site;

pub(super) async fn make(
    site: &Site,
    manifest: &Digest,
    publishers: &[Publisher],
    staging: &Staging,
    progress: &Progress,
) -> Result<Made, JobFailure> {
    let mut sources = 0;
    for (publisher, folder) in with_source(publishers) {
        sources += 1;
        let known = known(site, publisher).await?;
        let packs = staging.path().join(format!("packs-{sources}"));
        match read(folder.to_owned(), packs, known, progress).await? {
            Ok(read) if read.manifest_digest == *manifest => {
                return Ok(Made::Good(Upload::Bytes(read.manifest_bytes.into())));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::info!(%error, package = %publisher.package, "cannot rebuild a damaged manifest from a source folder");
            }
        }
    }
    let of = versions(publishers);
    Ok(Made::Not(match sources {
        0 => format!("{of} has no source folder to rebuild it from"),
        _ => format!("it cannot be rebuilt, because the source folders of {of} have changed"),
    }))
}

/// What was known when the version was published, as far as it is there.
async fn known(site: &Site, publisher: &Publisher) -> Result<KnownChunks, SiteError> {
    let mut snapshot = site.db().read().await?;
    let Publisher { package, source_version, .. } = publisher;
    let before = damage::contents_before(&mut snapshot, package, *source_version, KNOWN_VERSIONS).await?;
    drop(snapshot);
    let mut known = KnownChunks::default();
    for (content, manifest) in before {
        if let Ok(manifest) = load(site, content, manifest).await {
            known.add(&manifest);
        }
    }
    Ok(known)
}

async fn read(
    folder: PathBuf,
    packs: PathBuf,
    known: KnownChunks,
    progress: &Progress,
) -> Result<Result<Ingested, IngestError>, JobFailure> {
    let (steps, _cancel) = Steps::new(progress, "reading a source folder for a damaged manifest");
    let work = move || {
        let options = Options { rules: Rules::ANYTHING, ..Options::default() };
        ingest(&folder, &packs, &known, &options, &steps)
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| JobFailure::passing(&error))
}
