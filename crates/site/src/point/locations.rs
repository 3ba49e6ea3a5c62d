//! Tells a device where to get contents: points that hold them, spread over devices, and the site itself last; and which updates
//! there are to them.

use dray_content::Tree;
use dray_model::api::client::{ContentLocations, ContentSource, ContentUpdate, Locations};
use dray_model::{DeviceId, Digest};
use dray_store::content::update::{self, StoredUpdate};
use dray_store::point::Source;
use dray_store::{content, point};

use super::{PointError, SITE_NAME};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Most contents in one request.
pub const CONTENTS_MAX: usize = 100;

/// Manifest, sources and updates of the contents that the site knows. `site_url` is the base of objects' addresses at the site, as the
/// device reaches it.
///
/// # Errors
/// [`PointError::TooMany`].
pub async fn locations(
    site: &Site,
    actor: &Actor,
    device: DeviceId,
    contents: &[Digest],
    site_url: &str,
) -> Result<Locations, PointError> {
    if contents.len() > CONTENTS_MAX {
        return Err(PointError::TooMany { what: "contents", found: contents.len(), max: CONTENTS_MAX });
    }
    let mut snapshot = site.read(actor, Permission::ActAsDevice).await?;
    let known = content::find_all(&mut snapshot, contents).await?;
    let mut sources = point::sources(&mut snapshot, contents).await?;
    sources.sort_by_cached_key(|source| place(device, source));
    let updates = update::find_all(&mut snapshot, contents).await?;
    let contents = known.into_iter().map(|known| ContentLocations {
        content: known.digest,
        manifest: known.manifest,
        manifest_bytes: known.manifest_bytes,
        sources: of(&sources, &known.digest).chain([own(site_url)]).collect(),
        updates: updates.iter().filter(|update| is_for(update, &known.digest, &sources)).map(told).collect(),
    });
    Ok(Locations { contents: contents.collect() })
}

/// A place in the order that is always the same for a device and a point, and spreads devices evenly over points.
fn place(device: DeviceId, source: &Source) -> [u8; 32] {
    *Digest::of(format!("{device} {}", source.point).as_bytes()).as_bytes()
}

fn of<'a>(sources: &'a [Source], content: &'a Digest) -> impl Iterator<Item = ContentSource> + 'a {
    let holding = sources.iter().filter(move |source| source.content == *content);
    holding.map(|source| ContentSource { name: source.point.clone(), url: format!("{}/v1", source.url) })
}

/// Points that hold a content don't hold the update from nothing to it, so clients that have a point near take the content from there.
fn is_for(update: &StoredUpdate, content: &Digest, sources: &[Source]) -> bool {
    let is_on_points = sources.iter().any(|source| source.content == *content);
    update.to == *content && !(is_on_points && Tree::is_nothing(&update.from))
}

fn told(update: &StoredUpdate) -> ContentUpdate {
    ContentUpdate {
        from: update.from,
        object: update.object,
        bytes: update.object_bytes,
        fetch_bytes: update.fetch_bytes,
    }
}

fn own(site_url: &str) -> ContentSource {
    ContentSource { name: SITE_NAME.parse().expect("a slug"), url: site_url.to_owned() }
}
