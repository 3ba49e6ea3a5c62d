//! Changes a distribution point: title, address, whether clients are sent to it.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::point::{ChangePoint, PointView};
use dray_store::{Snapshot, point};

use super::list::look_up;
use super::{PointError, object, url};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Changes `revision` of the point. The same values as before are not a change.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::Stale`](crate::ObjectError::Stale), [`PointError::Url`].
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangePoint,
) -> Result<PointView, PointError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Point)).await?;
    let plan = check(&mut change, actor, name, revision, command).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

/// What takes the place of what.
pub(crate) struct Plan {
    former: PointView,
    new: PointView,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangePoint,
) -> Result<Plan, PointError> {
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Point), name).await?;
    object(name).expect_revision(revision, former.revision)?;
    let mut new = former.clone();
    new.title = command.title.unwrap_or(new.title);
    new.enabled = command.enabled.unwrap_or(new.enabled);
    if let Some(address) = command.url {
        new.url = url::check(&address)?;
    }
    Ok(Plan { former, new })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<PointView, PointError> {
    let Plan { former, mut new } = plan;
    if new == former {
        return Ok(former);
    }
    new.revision = former.revision + 1;
    point::change(change, &new).await?;
    change.record(Record::changed(object(&new.name), &former, &new));
    Ok(new)
}
