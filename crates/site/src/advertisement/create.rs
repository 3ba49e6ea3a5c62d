//! Makes an advertisement and publishes its first revision.

use dray_model::api::advertisement::{AdvertisementView, CreateAdvertisement};
use dray_store::{advertisement, status};
use serde_json::json;

use super::check::{check, check_names};
use super::list::view;
use super::publish::publish;
use super::{AdvertisementError, KIND};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Makes an advertisement. One that was withdrawn under the same name goes on counting revisions, and begins with no devices.
///
/// # Errors
/// [`AdvertisementError::NameTaken`]; what is wrong with the terms.
pub async fn create(
    site: &Site,
    actor: &Actor,
    command: CreateAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    actor.authorise(Permission::ManageAdvertisements)?;
    check(&command.terms)?;
    let mut change = site.change(actor, Permission::ManageAdvertisements).await?;
    if advertisement::find(&mut change, &command.name).await?.is_some() {
        return Err(AdvertisementError::NameTaken(command.name));
    }
    check_names(&mut change, &command.terms).await?;
    status::forget_states(&mut change, &command.name).await?;
    let made = publish(&mut change, &command.name, command.terms).await?;
    let made = view(&mut change, made).await?;
    let note = Note {
        object_kind: KIND,
        object_name: command.name.to_string(),
        action: "advertisement.create",
        detail: json!({ "new": { "revision": made.revision, "terms": made.terms } }),
    };
    change.commit(&note).await?;
    Ok(made)
}
