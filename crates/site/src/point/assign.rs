//! Puts packages on distribution points and takes them off. Doing it again changes nothing.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_store::feed::Scope;
use dray_store::{Snapshot, package, point};
use serde_json::json;

use super::list::look_up;
use super::{PointError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::object::ObjectError;
use crate::package as packages;
use crate::record::Record;
use crate::site::Site;

/// Most points of one request.
const POINTS_MAX: usize = 1000;

/// Puts a package on a point.
///
/// # Errors
/// [`ObjectError::NotFound`] for the point or the package.
pub async fn assign(site: &Site, actor: &Actor, name: &Name, package: &Name) -> Result<(), PointError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    look_up(&mut change, actor, Permission::Manage(ObjectKind::Point), name).await?;
    let plan = check(&mut change, actor, package, std::slice::from_ref(name)).await?;
    apply(&mut change, &plan).await?;
    Ok(change.commit().await?)
}

/// Puts a package on several points, or on none of them when one doesn't exist.
///
/// # Errors
/// [`ObjectError::NotFound`] for the package, [`ObjectError::Unresolved`] for a point, [`PointError::TooMany`].
pub async fn distribute(site: &Site, actor: &Actor, package: &Name, points: &[Name]) -> Result<(), PointError> {
    if points.len() > POINTS_MAX {
        return Err(PointError::TooMany { what: "points", found: points.len(), max: POINTS_MAX });
    }
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    let plan = check(&mut change, actor, package, points).await?;
    apply(&mut change, &plan).await?;
    Ok(change.commit().await?)
}

/// A package and the points that are to hold it.
pub(crate) struct Plan<'a> {
    package: &'a Name,
    points: &'a [Name],
}

pub(crate) async fn check<'a>(
    snapshot: &mut Snapshot,
    actor: &Actor,
    package: &'a Name,
    points: &'a [Name],
) -> Result<Plan<'a>, PointError> {
    let what = packages::object(package);
    actor.authorise_on::<PointError>(snapshot, Permission::Read(ObjectKind::Point), &what).await?;
    package::find(snapshot, package).await?.ok_or_else(|| what.not_found())?;
    for name in points {
        look_up(snapshot, actor, Permission::Manage(ObjectKind::Point), name).await.map_err(|error| match error {
            PointError::Object(ObjectError::NotFound(point)) => point.unresolved("assign the package to").into(),
            other => other,
        })?;
    }
    Ok(Plan { package, points })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: &Plan<'_>) -> Result<(), PointError> {
    let now = change.now();
    for name in plan.points {
        if point::assign(change, name, plan.package, now).await? {
            change.concerns(Scope::Point(name.clone()));
            change.record(Record::done(object(name), "assign", json!({ "package": plan.package })));
        }
    }
    Ok(())
}

/// Takes a package from a point.
///
/// # Errors
/// [`ObjectError::NotFound`].
pub async fn unassign(site: &Site, actor: &Actor, name: &Name, package: &Name) -> Result<(), PointError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    look_up(&mut change, actor, Permission::Manage(ObjectKind::Point), name).await?;
    if point::unassign(&mut change, name, package).await? {
        point::forget_unassigned(&mut change, Some(name)).await?;
        change.concerns(Scope::Point(name.clone()));
        change.record(Record::done(object(name), "unassign", json!({ "package": package })));
    }
    Ok(change.commit().await?)
}
