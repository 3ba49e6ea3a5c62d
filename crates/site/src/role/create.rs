//! Makes a role.

use dray_model::ObjectKind;
use dray_model::access::PredefinedRole;
use dray_model::api::role::{CreateRole, RoleView};
use dray_store::{Snapshot, role};

use super::{RoleError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Makes a role. Nobody grants what they don't have.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken), [`SiteError::Beyond`](crate::SiteError::Beyond).
pub async fn create(site: &Site, actor: &Actor, command: CreateRole) -> Result<RoleView, RoleError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Role)).await?;
    let plan = check(&mut change, actor, command).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// The role to make.
pub(crate) struct Plan {
    command: CreateRole,
    predefined: bool,
}

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, command: CreateRole) -> Result<Plan, RoleError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Role))?;
    actor.authorise_granting(&command.grants)?;
    object(&command.name).expect_free(role::find(snapshot, &command.name).await?.is_some())?;
    Ok(Plan { command, predefined: false })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<RoleView, RoleError> {
    let Plan { command: CreateRole { name, title, grants }, predefined } = plan;
    let now = change.now();
    let made = RoleView { name, revision: 1, title, grants, predefined, created_at: now, changed_at: now };
    role::insert(change, &made).await?;
    change.record(Record::created(object(&made.name), &made));
    Ok(made)
}

/// Makes the roles that every site has.
pub(crate) async fn create_predefined(site: &Site) -> Result<(), RoleError> {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Role)).await?;
    for role in PredefinedRole::ALL {
        let title = role.title().parse().expect("the titles are short texts");
        let command = CreateRole { name: role.name(), title, grants: role.grants() };
        apply(&mut change, Plan { command, predefined: true }).await?;
    }
    Ok(change.commit().await?)
}
