//! Shuts members that wait out for good.

use dray_model::api::client::MemberKind;
use dray_model::api::quarantine::{QuarantineOutcome, QuarantinedView};
use dray_model::{Name, ObjectKind};
use dray_store::feed::Scope;
use dray_store::quarantine;
use serde_json::json;

use super::{AT_ONCE, QuarantineError};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::object::Object;
use crate::record::Record;
use crate::site::Site;

/// Refuses the member with this identity, or the only one that calls itself so; again changes nothing.
///
/// # Errors
/// [`QuarantineError::NotFound`].
pub async fn refuse(site: &Site, actor: &Actor, name: &Name) -> Result<QuarantinedView, QuarantineError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Device))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let found = quarantine::find(&mut change, name).await?;
    let view = found.ok_or_else(|| QuarantineError::NotFound(name.clone()))?;
    if view.refused_at.is_some() {
        return Ok(view);
    }
    shut_out(&mut change, &view).await?;
    let now = change.now();
    change.commit().await?;
    super::measure(quarantine::count(&mut site.db().read().await?).await?);
    Ok(QuarantinedView { refused_at: Some(now), ..view })
}

/// Refuses those that wait, at most [`AT_ONCE`] of them; fewer means that these were all.
///
/// # Errors
/// [`QuarantineError::Site`].
pub async fn refuse_all(site: &Site, actor: &Actor) -> Result<QuarantineOutcome, QuarantineError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Device))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let mut outcome = QuarantineOutcome::default();
    for view in quarantine::waiting_after(&mut change, "", AT_ONCE).await? {
        shut_out(&mut change, &view).await?;
        outcome.done += 1;
    }
    change.commit().await?;
    super::measure(quarantine::count(&mut site.db().read().await?).await?);
    Ok(outcome)
}

async fn shut_out(change: &mut Change<'_>, view: &QuarantinedView) -> Result<(), QuarantineError> {
    let now = change.now();
    quarantine::refuse(change, &view.member, now).await?;
    let kind = match view.kind {
        MemberKind::Device => ObjectKind::Device,
        MemberKind::Point => ObjectKind::Point,
    };
    match (view.kind, view.member.as_str().parse()) {
        (MemberKind::Device, Ok(id)) => change.concerns(Scope::DeviceShutOut(id)),
        _ => change.concerns(Scope::PointShutOut(view.member.clone())),
    }
    let detail = json!({ "new": { "name": view.name } });
    change.record(Record::done(Object::new(kind, &view.member), "refuse", detail));
    Ok(())
}
