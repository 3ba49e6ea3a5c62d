//! Deletes a collection that nothing depends on. Its members stay devices.

use dray_model::Name;
use dray_store::{advertisement, collection};
use serde_json::json;

use super::{ALL_DEVICES, CollectionError, KIND, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Deletes the collection.
///
/// # Errors
/// [`CollectionError::NotFound`], [`CollectionError::Predefined`], [`CollectionError::InUse`] with all that depends on it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), CollectionError> {
    let mut change = site.change(actor, Permission::ManageCollections).await?;
    let former = list::look_up(&mut change, name).await?;
    if name.as_str() == ALL_DEVICES {
        return Err(CollectionError::Predefined(name.clone()));
    }
    let advertisements = advertisement::of_collection(&mut change, name).await?;
    if !advertisements.is_empty() {
        let dependants = advertisements.iter().map(|name| format!("the advertisement {name}")).collect();
        return Err(CollectionError::InUse { name: name.clone(), dependants });
    }
    collection::delete(&mut change, former.id).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "collection.delete",
        detail: json!({ "former": former.view }),
    };
    change.commit(&note).await?;
    Ok(())
}
