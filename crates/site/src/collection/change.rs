//! Changes what a collection says of itself, or its rules; with new rules its members are found anew in the same transaction.

use dray_model::Name;
use dray_model::api::collection::{ChangeCollection, CollectionView};
use dray_store::collection;
use serde_json::json;

use super::{ALL_DEVICES, CollectionError, KIND, check, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Changes `revision` of the collection. What is the same as before is no change.
///
/// # Errors
/// [`CollectionError::NotFound`], [`CollectionError::Stale`], [`CollectionError::Predefined`]; what is wrong with rules.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeCollection,
) -> Result<CollectionView, CollectionError> {
    actor.authorise(Permission::ManageCollections)?;
    let rules = match command.rules {
        Some(_) if name.as_str() == ALL_DEVICES => return Err(CollectionError::Predefined(name.clone())),
        Some(rules) => Some(check::rules(rules).await?),
        None => None,
    };
    let mut change = site.change(actor, Permission::ManageCollections).await?;
    let now = change.now();
    let found = list::look_up(&mut change, name).await?;
    let (id, former) = (found.id, found.view);
    if let Some(expected) = revision.filter(|revision| *revision != former.revision) {
        return Err(CollectionError::Stale { name: name.clone(), expected, found: former.revision });
    }
    let rules = rules.filter(|rules| !rules.iter().map(collection::Rule::to_model).eq(former.rules.iter().cloned()));
    let properties = command.properties.unwrap_or_else(|| former.properties.clone());
    if rules.is_none() && properties == former.properties {
        return Ok(former);
    }
    collection::change(&mut change, id, former.revision + 1, &properties, now).await?;
    if let Some(rules) = rules {
        check::devices(&mut change, &rules).await?;
        collection::set_rules(&mut change, id, &rules).await?;
        change.evaluate(id).await?;
    }
    let new = list::look_up(&mut change, name).await?.view;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "collection.change",
        detail: json!({ "former": former, "new": new }),
    };
    change.commit(&note).await?;
    Ok(new)
}
