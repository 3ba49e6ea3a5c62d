//! Changes an advertisement by publishing its next revision.

use dray_model::Name;
use dray_model::api::advertisement::{AdvertisementView, ChangeAdvertisement};
use dray_store::Snapshot;
use dray_store::advertisement::{self, StoredAdvertisement};
use serde_json::json;

use super::check::{check, check_names};
use super::list::view;
use super::publish::publish;
use super::{AdvertisementError, KIND};
use crate::actor::{Actor, Permission};
use crate::change::{Change, Note};
use crate::site::Site;

/// Changes the advertisement's terms, if it is at `revision`. What comes to the same terms as before is no change.
///
/// # Errors
/// [`AdvertisementError::NotFound`], [`AdvertisementError::Stale`]; what is wrong with the terms.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    let mut change = site.change(actor, Permission::ManageAdvertisements).await?;
    let former = in_force(&mut change, name).await?;
    if let Some(expected) = revision.filter(|revision| *revision != u64::from(former.revision)) {
        return Err(AdvertisementError::Stale { name: name.clone(), expected, found: former.revision });
    }
    let terms = command.terms.apply(former.terms.clone());
    if terms == former.terms {
        return view(&mut change, former).await;
    }
    check(&terms)?;
    check_names(&mut change, &terms).await?;
    let new = publish(&mut change, name, terms).await?;
    commit(change, "advertisement.change", &former, new).await
}

/// The advertisement's revision in force.
pub(super) async fn in_force(snapshot: &mut Snapshot, name: &Name) -> Result<StoredAdvertisement, AdvertisementError> {
    advertisement::find(snapshot, name).await?.ok_or_else(|| AdvertisementError::NotFound(name.clone()))
}

/// Commits a revision that took the place of another.
pub(super) async fn commit(
    mut change: Change<'_>,
    action: &str,
    former: &StoredAdvertisement,
    new: StoredAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    let note = Note {
        object_kind: KIND,
        object_name: new.name.to_string(),
        action,
        detail: json!({
            "former": { "revision": former.revision, "terms": former.terms },
            "new": { "revision": new.revision, "terms": new.terms },
        }),
    };
    let view = view(&mut change, new).await?;
    change.commit(&note).await?;
    Ok(view)
}
