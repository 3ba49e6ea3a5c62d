//! Deletes a distribution point. Clients are no longer sent to it, and its certificate opens nothing from then on.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::point::PointView;
use dray_store::feed::Scope;
use dray_store::{Snapshot, point};

use super::list::look_up;
use super::{PointError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Deletes the point with what it is to hold.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), PointError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The point to delete.
pub(crate) struct Plan(PointView);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, PointError> {
    Ok(Plan(look_up(snapshot, actor, Permission::Manage(ObjectKind::Point), name).await?))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), PointError> {
    let Plan(former) = plan;
    point::delete(change, &former.name).await?;
    change.concerns(Scope::PointShutOut(former.name.clone()));
    change.record(Record::deleted(object(&former.name), &former));
    Ok(())
}
