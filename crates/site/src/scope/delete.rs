//! Deletes a scope that no token in force is for. What was in it stays.

use dray_model::api::scope::ScopeView;
use dray_model::{Name, ObjectKind, Timestamp};
use dray_store::{Snapshot, scope, token};

use super::list::look_up;
use super::{ScopeError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Deletes the scope.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::InUse`](crate::ObjectError::InUse) with the tokens that are
/// for it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), ScopeError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Scope)).await?;
    let now = change.now();
    let plan = check(&mut change, actor, name, now).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The scope to delete.
pub(crate) struct Plan(ScopeView);

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    now: Timestamp,
) -> Result<Plan, ScopeError> {
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Scope), name).await?;
    let tokens = token::with_scope(snapshot, name, now).await?;
    object(name).expect_unused(tokens.iter().map(crate::token::object).collect())?;
    Ok(Plan(former))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), ScopeError> {
    let Plan(former) = plan;
    scope::delete(change, &former.name).await?;
    change.record(Record::deleted(object(&former.name), &former));
    Ok(())
}
