//! Makes a scope, with nothing in it.

use dray_model::ObjectKind;
use dray_model::api::scope::{CreateScope, ScopeView};
use dray_store::{Snapshot, scope};

use super::{ScopeError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Makes a scope.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken).
pub async fn create(site: &Site, actor: &Actor, command: CreateScope) -> Result<ScopeView, ScopeError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Scope)).await?;
    let plan = check(&mut change, actor, command).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// The scope to make.
pub(crate) struct Plan(CreateScope);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, command: CreateScope) -> Result<Plan, ScopeError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Scope))?;
    object(&command.name).expect_free(scope::find(snapshot, &command.name).await?.is_some())?;
    Ok(Plan(command))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<ScopeView, ScopeError> {
    let Plan(CreateScope { name, title }) = plan;
    let made = ScopeView { name, title, objects: 0, created_at: change.now() };
    scope::insert(change, &made).await?;
    change.record(Record::created(object(&made.name), &made));
    Ok(made)
}
