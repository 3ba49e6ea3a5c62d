//! Revokes an enrolment token. Nobody enrols with it from then on; who did stays.

use dray_model::ObjectKind;
use dray_model::api::device::EnrolmentTokenView;
use dray_store::{Snapshot, enrolment};
use serde_json::json;

use super::create::authorise;
use super::{EnrolmentError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Revokes the token; doing it again changes nothing.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn revoke(site: &Site, actor: &Actor, id: i64) -> Result<(), EnrolmentError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::EnrolmentToken)).await?;
    let plan = check(&mut change, actor, id).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The token to revoke.
pub(crate) struct Plan(EnrolmentTokenView);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, id: i64) -> Result<Plan, EnrolmentError> {
    let former = enrolment::find(snapshot, id).await?.ok_or_else(|| object(id).not_found())?;
    authorise(snapshot, actor, &former.purpose).await?;
    Ok(Plan(former))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), EnrolmentError> {
    let Plan(former) = plan;
    if former.revoked_at.is_some() {
        return Ok(());
    }
    let now = change.now();
    enrolment::revoke(change, former.id, now).await?;
    change.record(Record::done(object(former.id), "revoke", json!({ "former": former })));
    Ok(())
}
