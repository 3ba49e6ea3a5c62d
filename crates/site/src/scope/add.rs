//! Puts objects into a scope and takes them out. Doing it again changes nothing.

use dray_model::api::scope::{ScopeObject, ScopedKind};
use dray_model::{Name, ObjectKind};
use dray_store::{Snapshot, collection, package, point, scope};
use serde_json::json;

use super::list::look_up;
use super::{ScopeError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::object::Object;
use crate::record::Record;
use crate::site::Site;

/// Puts the object into the scope.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound) for the scope or the object.
pub async fn add(site: &Site, actor: &Actor, name: &Name, what: ScopeObject) -> Result<(), ScopeError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Scope)).await?;
    let plan = check(&mut change, actor, name, what).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// An object and the scope that it joins.
pub(crate) struct Plan {
    scope: Name,
    what: ScopeObject,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    what: ScopeObject,
) -> Result<Plan, ScopeError> {
    look_up(snapshot, actor, Permission::Manage(ObjectKind::Scope), name).await?;
    let exists = match what.kind {
        ScopedKind::Package => package::find(snapshot, &what.name).await?.is_some(),
        ScopedKind::Collection => collection::find(snapshot, &what.name).await?.is_some(),
        ScopedKind::Point => point::find(snapshot, &what.name).await?.is_some(),
    };
    if !exists {
        return Err(Object::new(what.kind.into(), &what.name).not_found().into());
    }
    Ok(Plan { scope: name.clone(), what })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), ScopeError> {
    let Plan { scope: name, what } = plan;
    if scope::add(change, &name, &what).await? {
        change.record(Record::done(object(&name), "add", json!({ "object": what })));
    }
    Ok(())
}

/// Takes the object out of the scope; one that isn't in it is no failure.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound) for the scope.
pub async fn remove(site: &Site, actor: &Actor, name: &Name, what: ScopeObject) -> Result<(), ScopeError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Scope)).await?;
    look_up(&mut change, actor, Permission::Manage(ObjectKind::Scope), name).await?;
    if scope::remove(&mut change, name, &what).await? {
        change.record(Record::done(object(name), "remove", json!({ "object": what })));
    }
    Ok(change.commit().await?)
}
