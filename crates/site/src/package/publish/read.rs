//! Reads the source folder into a staging folder, sparing the files that are unchanged and the chunks that earlier source versions
//! stored.

use std::path::PathBuf;

use dray_content::Tree;
use dray_content::ingest::{IngestError, Ingested, KnownChunks, Options, ingest};
use dray_content::scan::{Rules, SourceError};
use dray_model::api::package::PackageView;
use dray_model::package::Content;

use super::index;
use crate::content::progress::Steps;
use crate::content::{Staging, damaged_packs, load};
use crate::job::{JobFailure, Progress};
use crate::site::Site;

/// Source versions whose chunks are known to an ingest.
pub(crate) const KNOWN_VERSIONS: u32 = 5;

/// A source folder that was read, with its new packs in a staging folder.
pub(super) struct Files {
    pub(super) ingested: Ingested,
    /// The folder.
    pub(super) source: PathBuf,
    /// What the newest release has.
    newest: Option<Tree>,
    // Gone with its packs when this is dropped.
    staging: Staging,
}

impl Files {
    pub(super) fn content(&self) -> Content {
        let totals = self.ingested.totals;
        let requires = self.ingested.manifest.tree().requires();
        Content { digest: self.ingested.content, size_bytes: totals.bytes, files: totals.files, requires }
    }

    /// Whether nothing is new since the newest release but when files and folders were changed.
    pub(super) fn differ_in_times_alone(&self) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.is_same_but_for_times(self.ingested.manifest.tree()))
    }

    /// A folder for work on it, gone with its packs.
    pub(super) fn work(&self) -> PathBuf {
        self.staging.path().join("work")
    }

    pub(super) fn bytes(&self) -> u64 {
        self.ingested.totals.bytes
    }
}

/// Reads what of `source` is new or, with `checksum`, all of it.
pub(super) async fn read(
    site: &Site,
    package: &PackageView,
    source: PathBuf,
    checksum: bool,
    progress: &Progress,
) -> Result<Files, JobFailure> {
    let begun_at = site.now();
    let (mut known, newest) = known_chunks(site, package).await?;
    let (reading, _cancel) = Steps::new(progress, "reading");
    let rules = Rules { names: package.names, outside_links: package.outside_links };
    let options = Options { rules, ..Options::default() };
    let (site, package) = (site.clone(), package.name.clone());
    let work = move || {
        let staging = Staging::begin(&site, &package)
            .map_err(|source| IngestError::Write { path: site.dir().join("staging"), source })?;
        if !checksum {
            known.trust(index::load(&site, &package));
        }
        let ingested = ingest(&source, staging.path(), &known, &options, &reading)?;
        index::save(&site, &package, &ingested.index(begun_at), staging.path());
        let totals = ingested.totals;
        tracing::info!(%package, files = totals.files, unread = totals.unread_files, "read a source folder");
        Ok(Files { ingested, source, newest, staging })
    };
    let result = tokio::task::spawn_blocking(work).await.map_err(|error| JobFailure::passing(&error))?;
    result.map_err(|error: IngestError| failure(&error))
}

/// Chunks of the package's earlier source versions, but for those in packs that are known to be damaged. A version whose manifest can't be
/// read is left out: more is stored then. With the tree of the newest release.
async fn known_chunks(site: &Site, package: &PackageView) -> Result<(KnownChunks, Option<Tree>), JobFailure> {
    let mut snapshot = site.db().read().await?;
    let contents = dray_store::release::newest_contents(&mut snapshot, &package.name, KNOWN_VERSIONS).await?;
    let damaged = damaged_packs(&mut snapshot).await?;
    drop(snapshot);
    let newest = package.release.as_ref().and_then(|release| release.content.as_ref()).map(|content| content.digest);
    let (mut known, mut tree) = (KnownChunks::default(), None);
    for (content, manifest) in contents {
        match load(site, content, manifest).await {
            Ok(manifest) => {
                known.add_without(&manifest, &damaged);
                if newest == Some(content) {
                    tree = Some(manifest.tree().clone());
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, package = %package.name, "cannot reuse the chunks of an earlier source version; publishing without them");
            }
        }
    }
    Ok((known, tree))
}

/// What is wrong with the source stays wrong until somebody puts it right and asks again; the site's own disk may recover.
fn failure(error: &IngestError) -> JobFailure {
    match error {
        IngestError::Source(SourceError::Changed(_)) => {
            JobFailure::Final(format!("{error}; update the package again when nothing is writing to its source folder"))
        }
        IngestError::Source(SourceError::Refused(refused)) => {
            let (why, options) = (JobFailure::permanent(error), refused.options());
            let effect = refused.what_options_do();
            JobFailure::Final(format!("{why}; to {effect}, use dray package change PACKAGE {options}"))
        }
        IngestError::Source(_) | IngestError::StagingInSource(_) | IngestError::Manifest(_) => {
            JobFailure::permanent(error)
        }
        IngestError::StagingInUse(_)
        | IngestError::DiskFull(_)
        | IngestError::Write { .. }
        | IngestError::Cancelled => JobFailure::passing(error),
    }
}
