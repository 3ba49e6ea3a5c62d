//! Revokes an enrolment token. Nobody enrols with it from then on; who did stays.

use dray_model::api::device::EnrolmentFor;
use dray_store::enrolment;
use serde_json::json;

use super::{EnrolmentError, KIND};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Revokes the token; doing it again changes nothing.
///
/// # Errors
/// [`EnrolmentError::NotFound`].
pub async fn revoke(site: &Site, actor: &Actor, id: i64) -> Result<(), EnrolmentError> {
    if !actor.may(Permission::ManagePoints) {
        actor.authorise(Permission::ManageDevices)?;
    }
    let mut change = site.change(actor, Permission::Read).await?;
    let former = enrolment::find(&mut change, id).await?.ok_or(EnrolmentError::NotFound(id))?;
    actor.authorise(match former.purpose {
        EnrolmentFor::Devices { .. } => Permission::ManageDevices,
        EnrolmentFor::Point { .. } => Permission::ManagePoints,
    })?;
    if former.revoked_at.is_some() {
        return Ok(());
    }
    let now = change.now();
    enrolment::revoke(&mut change, id, now).await?;
    let note = Note {
        object_kind: KIND,
        object_name: id.to_string(),
        action: "enrolment-token.revoke",
        detail: json!({ "former": former }),
    };
    change.commit(&note).await?;
    Ok(())
}
