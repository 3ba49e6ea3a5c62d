//! Lets members that wait in again, under the identity that they have.

use dray_model::api::client::MemberKind;
use dray_model::api::quarantine::{QuarantineOutcome, QuarantinedView};
use dray_model::facts::Facts;
use dray_model::inventory::Class;
use dray_model::{DeviceId, Name, ObjectKind};
use dray_store::feed::Scope;
use dray_store::{device, point, quarantine};
use serde_json::json;

use super::QuarantineError;
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::collection::{Placed, place};
use crate::enrolment::free_names;
use crate::object::Object;
use crate::record::Record;
use crate::site::Site;

/// Members that are accepted or refused in one request.
pub const AT_ONCE: u32 = 500;

/// Accepts the member with this identity, or the only one that calls itself so; one that was refused too.
///
/// # Errors
/// [`QuarantineError::NotFound`], [`QuarantineError::NoPoint`].
pub async fn accept(site: &Site, actor: &Actor, name: &Name) -> Result<QuarantinedView, QuarantineError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Device))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let found = quarantine::find(&mut change, name).await?;
    let view = found.ok_or_else(|| QuarantineError::NotFound(name.clone()))?;
    let record = let_in(&mut change, actor, &view).await?;
    change.record(record);
    change.commit().await?;
    super::measure(quarantine::count(&mut site.db().read().await?).await?);
    Ok(view)
}

/// Accepts those that wait, at most [`AT_ONCE`] of them; fewer means that these were all. Points that haven't been created stay.
///
/// # Errors
/// [`QuarantineError::Site`].
pub async fn accept_all(site: &Site, actor: &Actor) -> Result<QuarantineOutcome, QuarantineError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Device))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Device)).await?;
    let mut outcome = QuarantineOutcome::default();
    for view in quarantine::waiting_after(&mut change, "", AT_ONCE).await? {
        match let_in(&mut change, actor, &view).await {
            Ok(record) => {
                change.record(record);
                outcome.done += 1;
            }
            Err(QuarantineError::NoPoint(name)) => outcome.left.push(name),
            Err(error) => return Err(error),
        }
    }
    change.commit().await?;
    super::measure(quarantine::count(&mut site.db().read().await?).await?);
    Ok(outcome)
}

async fn let_in(change: &mut Change<'_>, actor: &Actor, view: &QuarantinedView) -> Result<Record, QuarantineError> {
    let record = match view.kind {
        MemberKind::Device => let_device_in(change, view).await?,
        MemberKind::Point => {
            actor.authorise(Permission::Manage(ObjectKind::Point))?;
            let_point_in(change, view).await?
        }
    };
    quarantine::remove(change, &view.member).await?;
    Ok(record)
}

async fn let_device_in(change: &mut Change<'_>, view: &QuarantinedView) -> Result<Record, QuarantineError> {
    let id: DeviceId = view.member.as_str().parse().map_err(|_| QuarantineError::NotFound(view.member.clone()))?;
    let names = free_names(change, &[view.name.as_ref().map_or("", Name::as_str)]).await?;
    let name = names.into_iter().next().ok_or_else(|| QuarantineError::NotFound(view.member.clone()))?;
    device::insert(change, id, &name, view.issued_at).await?;
    place(change, &[Placed { device: id, name: &name, facts: &Facts::default() }], &Class::all().collect()).await?;
    // It is remembered as one that waits.
    change.concerns(Scope::DeviceShutOut(id));
    let detail = json!({ "new": { "id": id, "name": name } });
    Ok(Record::done(Object::new(ObjectKind::Device, id), "accept", detail))
}

async fn let_point_in(change: &mut Change<'_>, view: &QuarantinedView) -> Result<Record, QuarantineError> {
    let name = &view.member;
    if !point::enrolled(change, name, view.issued_at).await? {
        return Err(QuarantineError::NoPoint(name.clone()));
    }
    change.concerns(Scope::PointShutOut(name.clone()));
    let detail = json!({ "new": { "enrolled_at": view.issued_at } });
    Ok(Record::done(Object::new(ObjectKind::Point, name), "accept", detail))
}
