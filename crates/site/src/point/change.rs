//! Changes a distribution point: title, address, whether clients are sent to it.

use dray_model::Name;
use dray_model::api::point::{ChangePoint, PointView};
use dray_store::point;
use serde_json::json;

use super::{KIND, PointError, url};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Changes `revision` of the point. What is the same as before is no change.
///
/// # Errors
/// [`PointError::NotFound`], [`PointError::Stale`], [`PointError::Url`].
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangePoint,
) -> Result<PointView, PointError> {
    let mut change = site.change(actor, Permission::ManagePoints).await?;
    let former = point::find(&mut change, name).await?.ok_or_else(|| PointError::NotFound(name.clone()))?;
    if let Some(expected) = revision.filter(|revision| *revision != former.revision) {
        return Err(PointError::Stale { name: name.clone(), expected, found: former.revision });
    }
    let mut new = former.clone();
    new.title = command.title.unwrap_or(new.title);
    new.enabled = command.enabled.unwrap_or(new.enabled);
    if let Some(address) = command.url {
        new.url = url::check(&address)?;
    }
    if new == former {
        return Ok(former);
    }
    new.revision = former.revision + 1;
    point::change(&mut change, &new).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "point.change",
        detail: json!({ "former": former, "new": new }),
    };
    change.commit(&note).await?;
    Ok(new)
}
