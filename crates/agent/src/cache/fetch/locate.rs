//! Where to get a content, according to the site.

use dray_agent_core::{ContentFailure, ContentFailureKind};
use dray_client::ClientApi;
use dray_client::content::Source;
use dray_model::Digest;
use dray_model::api::client::ContentLocations;

use super::failure::failure;

pub(super) async fn locate(site: &ClientApi, content: Digest) -> Result<ContentLocations, ContentFailure> {
    let unreachable = |error: dray_client::ClientError| failure(ContentFailureKind::SiteUnreachable, error.in_full());
    let locations = site.locations(vec![content]).await.map_err(unreachable)?;
    let found = locations.contents.into_iter().find(|found| found.content == content && !found.sources.is_empty());
    found.ok_or_else(|| failure(ContentFailureKind::NoSource, "the site knows no source for it".to_owned()))
}

/// The sources whose addresses can be used.
pub(super) fn sources(locations: &ContentLocations) -> Result<Vec<Source>, ContentFailure> {
    let mut usable = Vec::new();
    for source in locations.sources.iter().cloned() {
        match Source::try_from(source) {
            Ok(source) => usable.push(source),
            Err(error) => tracing::warn!(%error, "the site listed a source with an unusable address"),
        }
    }
    if usable.is_empty() {
        return Err(failure(ContentFailureKind::NoSource, "none of the sources has a usable address".to_owned()));
    }
    Ok(usable)
}
