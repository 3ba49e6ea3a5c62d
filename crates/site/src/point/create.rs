//! Makes a distribution point. It enrols on its own, with a token made for it.

use dray_model::ObjectKind;
use dray_model::api::point::{CreatePoint, PointView};
use dray_model::api::scope::ScopedKind;
use dray_store::{Snapshot, point};

use super::{PointError, SITE_NAME, object, url};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Makes a point.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken), [`PointError::Url`].
pub async fn create(site: &Site, actor: &Actor, command: CreatePoint) -> Result<PointView, PointError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    let plan = check(&mut change, actor, command).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// The point to make, with an address that clients can use.
pub(crate) struct Plan(CreatePoint);

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    mut command: CreatePoint,
) -> Result<Plan, PointError> {
    command.url = url::check(&command.url)?;
    let object = object(&command.name);
    actor.authorise(Permission::Manage(ObjectKind::Point))?;
    let taken = command.name.as_str() == SITE_NAME || point::find(snapshot, &command.name).await?.is_some();
    object.expect_free(taken)?;
    Ok(Plan(command))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<PointView, PointError> {
    let Plan(CreatePoint { name, title, url }) = plan;
    let made = PointView {
        name,
        revision: 1,
        title,
        url,
        enabled: true,
        enrolled_at: None,
        seen_at: None,
        packages: 0,
        created_at: change.now(),
    };
    point::insert(change, &made).await?;
    change.join_scope(ScopedKind::Point, &made.name).await?;
    change.record(Record::created(object(&made.name), &made));
    Ok(made)
}
