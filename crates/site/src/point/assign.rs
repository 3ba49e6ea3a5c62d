//! Puts packages on distribution points and takes them off. Doing it again changes nothing.

use dray_model::Name;
use dray_store::feed::Scope;
use dray_store::{package, point};
use serde_json::json;

use super::{KIND, PointError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Most points of one request.
const POINTS_MAX: usize = 1000;

/// Puts a package on a point.
///
/// # Errors
/// [`PointError::NotFound`], [`PointError::NoPackage`].
pub async fn assign(site: &Site, actor: &Actor, name: &Name, package: &Name) -> Result<(), PointError> {
    put(site, actor, package, std::slice::from_ref(name), PointError::NotFound).await
}

/// Puts a package on several points, or on none of them when one isn't there.
///
/// # Errors
/// [`PointError::NoPoint`], [`PointError::NoPackage`], [`PointError::TooMany`].
pub async fn distribute(site: &Site, actor: &Actor, package: &Name, points: &[Name]) -> Result<(), PointError> {
    put(site, actor, package, points, PointError::NoPoint).await
}

async fn put(
    site: &Site,
    actor: &Actor,
    package: &Name,
    points: &[Name],
    absent: fn(Name) -> PointError,
) -> Result<(), PointError> {
    if points.len() > POINTS_MAX {
        return Err(PointError::TooMany { what: "points", found: points.len(), max: POINTS_MAX });
    }
    let mut change = site.change(actor, Permission::ManagePoints).await?;
    package::find(&mut change, package).await?.ok_or_else(|| PointError::NoPackage(package.clone()))?;
    let now = change.now();
    let mut new = Vec::new();
    for name in points {
        point::find(&mut change, name).await?.ok_or_else(|| absent(name.clone()))?;
        if point::assign(&mut change, name, package, now).await? {
            new.push(name);
        }
    }
    let Some((last, others)) = new.split_last() else { return Ok(()) };
    for name in &new {
        change.concerns(Scope::Point((*name).clone()));
    }
    for name in others {
        change.note(&note(name, "point.assign", package)).await?;
    }
    Ok(change.commit(&note(last, "point.assign", package)).await?)
}

/// Takes a package from a point.
///
/// # Errors
/// [`PointError::NotFound`].
pub async fn unassign(site: &Site, actor: &Actor, name: &Name, package: &Name) -> Result<(), PointError> {
    let mut change = site.change(actor, Permission::ManagePoints).await?;
    point::find(&mut change, name).await?.ok_or_else(|| PointError::NotFound(name.clone()))?;
    if !point::unassign(&mut change, name, package).await? {
        return Ok(());
    }
    point::forget_unassigned(&mut change, Some(name)).await?;
    change.concerns(Scope::Point(name.clone()));
    Ok(change.commit(&note(name, "point.unassign", package)).await?)
}

fn note(point: &Name, action: &'static str, package: &Name) -> Note<'static> {
    Note { object_kind: KIND, object_name: point.to_string(), action, detail: json!({ "package": package }) }
}
