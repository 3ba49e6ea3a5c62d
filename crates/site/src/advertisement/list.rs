//! Advertisements and how far their devices are, as administrators see them.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::advertisement::{AdvertisementSummary, AdvertisementView, DeviceStatusView};
use dray_model::api::page::{Page, PageRequest};
use dray_model::state::ClientState;
use dray_store::advertisement::StoredAdvertisement;
use dray_store::{Snapshot, advertisement, status};

use super::AdvertisementError;
use super::change::in_force;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Advertisements by name.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(
    site: &Site,
    actor: &Actor,
    page: &PageRequest,
) -> Result<Page<AdvertisementView>, AdvertisementError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Advertisement)).await?;
    let found = advertisement::list(&mut snapshot, actor.within(), page).await?;
    let names: Vec<_> = found.items.iter().map(|stored| &stored.name).collect();
    let mut summaries = status::summaries(&mut snapshot, &names).await?;
    Ok(found.map(|stored| {
        let summary = summaries.remove(&stored.name).unwrap_or_default();
        complete(stored, summary)
    }))
}

/// One advertisement.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, name: &Name) -> Result<AdvertisementView, AdvertisementError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Advertisement)).await?;
    let stored = in_force(&mut snapshot, actor, Permission::Read(ObjectKind::Advertisement), name).await?;
    view(&mut snapshot, stored).await
}

/// Where devices are with the advertisement, by device id; those in `state` alone where one is given. Members that reported
/// nothing yet are not among them.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn devices(
    site: &Site,
    actor: &Actor,
    name: &Name,
    state: Option<ClientState>,
    page: &PageRequest,
) -> Result<Page<DeviceStatusView>, AdvertisementError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Advertisement)).await?;
    in_force(&mut snapshot, actor, Permission::Read(ObjectKind::Advertisement), name).await?;
    Ok(status::devices(&mut snapshot, name, state, page).await?)
}

pub(super) async fn view(
    snapshot: &mut Snapshot,
    stored: StoredAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    let summary = status::summary(snapshot, &stored.name).await?;
    Ok(complete(stored, summary))
}

fn complete(stored: StoredAdvertisement, summary: AdvertisementSummary) -> AdvertisementView {
    AdvertisementView {
        name: stored.name,
        revision: stored.revision,
        digest: stored.document,
        terms: stored.terms,
        published_at: stored.published_at,
        summary,
    }
}
