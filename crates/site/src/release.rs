//! Releases: the immutable, signed documents that clients act on.
//!
//! [`publish`] is the only way to make one. It belongs to a change of the package, so a release, its row and the news of it
//! stand or fall together with what they follow from.

use dray_model::Name;
use dray_model::api::package::{PackageView, ReleaseView};
use dray_model::package::{Content, NotCarried, Release, ReleaseNumber};
use dray_store::document::NewDocument;
use dray_store::{package, release};
use dray_trust::{EnvelopeError, Role, seal_document};

use crate::change::Change;
use crate::error::{Failure, SiteError, codes, from_store_error};

/// The word in the database for documents of this kind.
const ROLE: &str = "release";

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The document is beyond what clients read.
    #[error("cannot publish the package {package}")]
    Document {
        /// The package.
        package: Name,
        /// What is too much.
        #[source]
        source: EnvelopeError,
    },
    /// No number is left.
    #[error("cannot publish the package {0}: it has no release number left")]
    Numbers(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(ReleaseError);

impl Failure for ReleaseError {
    codes! {
        via Site(SiteError);
        Self::Document { .. } => Invalid "release_too_large",
        Self::Numbers(_) => Invalid "no_release_number",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Document { .. } => Some("shorten the texts, or use fewer programs".to_owned()),
            Self::Numbers(_) => None,
            Self::Site(error) => error.hint(),
        }
    }
}

/// Which files a release has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Files {
    /// None: the package has no source folder.
    None,
    /// Those of the package's newest release.
    Same,
    /// Those just stored, as the next source version.
    New {
        /// The tree.
        content: Content,
        /// Digest of its manifest object.
        manifest: dray_model::Digest,
        /// What its source had that it doesn't carry.
        not_carried: Vec<NotCarried>,
        /// Bytes of packs that were not stored before.
        new_bytes: u64,
    },
}

/// Publishes the package as it stands in `package`, and makes the release its newest. Clients hear of it after the commit.
pub(crate) async fn publish(
    change: &mut Change<'_>,
    package: &PackageView,
    files: Files,
) -> Result<ReleaseView, ReleaseError> {
    let newest = package.release.as_ref();
    let number =
        next(newest.map(|newest| newest.number), &files).ok_or_else(|| ReleaseError::Numbers(package.name.clone()))?;
    let (content, not_carried, manifest, new_bytes) = match files {
        Files::None => (None, Vec::new(), None, 0),
        Files::Same => newest
            .cloned()
            .map_or((None, Vec::new(), None, 0), |newest| (newest.content, newest.not_carried, newest.manifest, 0)),
        Files::New { content, manifest, not_carried, new_bytes } => {
            (Some(content), not_carried, Some(manifest), new_bytes)
        }
    };
    let document = Release {
        format: Release::FORMAT,
        package: package.name.clone(),
        number,
        requires: Vec::new(),
        properties: package.properties.clone(),
        content: content.clone(),
        programs: package.programs.clone(),
    };
    let key = change.site().keys().signing(Role::Release);
    let sealed = seal_document(Role::Release, &document, &[key])
        .map_err(|source| ReleaseError::Document { package: package.name.clone(), source })?;
    let published_at = change.now();
    let new = NewDocument { digest: sealed.digest, role: ROLE, envelope: &sealed.bytes, created_at: published_at };
    dray_store::document::insert(change, &new).await?;
    let view = ReleaseView { number, digest: sealed.digest, content, not_carried, manifest, new_bytes, published_at };
    release::insert(change, &package.name, &view).await?;
    package::set_newest(change, &package.name, &view.digest).await?;
    change.concerns_package(&package.name).await?;
    metrics::counter!("dray_releases_published_total").increment(1);
    Ok(view)
}

fn next(newest: Option<ReleaseNumber>, files: &Files) -> Option<ReleaseNumber> {
    let Some(newest) = newest else { return Some(ReleaseNumber { source_version: 1, revision: 1 }) };
    match files {
        Files::New { .. } => Some(ReleaseNumber { source_version: newest.source_version.checked_add(1)?, revision: 1 }),
        Files::None | Files::Same => Some(ReleaseNumber { revision: newest.revision.checked_add(1)?, ..newest }),
    }
}
