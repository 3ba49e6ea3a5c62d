//! Withdraws an advertisement. It leaves all policies; devices that run its program finish the run.

use dray_model::Name;
use dray_store::feed::Scope;
use dray_store::{advertisement, collection};
use serde_json::json;

use super::change::in_force;
use super::{AdvertisementError, KIND};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Withdraws the advertisement. Its revisions and what devices reported stay.
///
/// # Errors
/// [`AdvertisementError::NotFound`].
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), AdvertisementError> {
    let mut change = site.change(actor, Permission::ManageAdvertisements).await?;
    let former = in_force(&mut change, name).await?;
    advertisement::withdraw(&mut change, name).await?;
    if let Some(collection) = collection::number(&mut change, &former.terms.collection).await? {
        change.concerns(Scope::Offers(collection));
    }
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "advertisement.delete",
        detail: json!({ "former": { "revision": former.revision, "terms": former.terms } }),
    };
    change.commit(&note).await?;
    Ok(())
}
