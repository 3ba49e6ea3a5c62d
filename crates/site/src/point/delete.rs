//! Deletes a distribution point. Clients are no longer sent to it, and its certificate opens nothing from then on.

use dray_model::Name;
use dray_store::feed::Scope;
use dray_store::point;
use serde_json::json;

use super::{KIND, PointError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Deletes the point with what it is to hold.
///
/// # Errors
/// [`PointError::NotFound`].
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), PointError> {
    let mut change = site.change(actor, Permission::ManagePoints).await?;
    let former = point::find(&mut change, name).await?.ok_or_else(|| PointError::NotFound(name.clone()))?;
    point::delete(&mut change, name).await?;
    change.concerns(Scope::PointShutOut(name.clone()));
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "point.delete",
        detail: json!({ "former": former }),
    };
    change.commit(&note).await?;
    Ok(())
}
