//! Evaluates a whole collection anew. Members follow by themselves; this is for whoever wants to be sure.

use dray_model::Name;
use dray_model::api::collection::CollectionView;
use serde_json::json;

use super::{CollectionError, KIND, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Evaluates the collection now.
///
/// # Errors
/// [`CollectionError::NotFound`].
pub async fn evaluate(site: &Site, actor: &Actor, name: &Name) -> Result<CollectionView, CollectionError> {
    let mut change = site.change(actor, Permission::ManageCollections).await?;
    let found = list::look_up(&mut change, name).await?;
    let evaluation = change.evaluate(found.id).await?;
    let evaluated = list::look_up(&mut change, name).await?.view;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "collection.evaluate",
        detail: json!({ "added": evaluation.added, "removed": evaluation.removed }),
    };
    change.commit(&note).await?;
    Ok(evaluated)
}
