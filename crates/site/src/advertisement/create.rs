//! Makes an advertisement and publishes its first revision.

use dray_model::ObjectKind;
use dray_model::api::advertisement::{AdvertisementView, CreateAdvertisement};
use dray_store::{Snapshot, advertisement, status};
use serde_json::json;

use super::check::{check_names, check_terms};
use super::list::view;
use super::publish::publish;
use super::{AdvertisementError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Makes an advertisement. One that was withdrawn under the same name goes on counting revisions, and begins with no devices.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken); what is wrong with the terms.
pub async fn create(
    site: &Site,
    actor: &Actor,
    command: CreateAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Advertisement)).await?;
    let plan = check(&mut change, actor, command).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// The advertisement to make.
pub(crate) struct Plan {
    command: CreateAdvertisement,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    command: CreateAdvertisement,
) -> Result<Plan, AdvertisementError> {
    check_terms(&command.terms)?;
    let taken = advertisement::find(snapshot, &command.name).await?.is_some();
    object(&command.name).expect_free(taken)?;
    check_names(snapshot, actor, &command.terms).await?;
    Ok(Plan { command })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<AdvertisementView, AdvertisementError> {
    let CreateAdvertisement { name, terms } = plan.command;
    status::forget_states(change, &name).await?;
    let stored = publish(change, &name, terms).await?;
    let made = view(change, stored).await?;
    change.record(Record::created(object(&name), &json!({ "revision": made.revision, "terms": made.terms })));
    Ok(made)
}
