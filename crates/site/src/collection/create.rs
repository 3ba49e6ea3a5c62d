//! Makes a collection and finds its members.

use dray_model::api::collection::{CollectionView, CreateCollection};
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_store::collection;
use serde_json::json;

use super::{ALL_DEVICES, CollectionError, KIND, check, list};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Makes a collection.
///
/// # Errors
/// [`CollectionError::NameTaken`], [`CollectionError::Expression`], [`CollectionError::NoDevice`], [`CollectionError::TooMany`].
pub async fn create(site: &Site, actor: &Actor, command: CreateCollection) -> Result<CollectionView, CollectionError> {
    actor.authorise(Permission::ManageCollections)?;
    let rules = check::rules(command.rules).await?;
    let mut change = site.change(actor, Permission::ManageCollections).await?;
    let now = change.now();
    check::devices(&mut change, &rules).await?;
    let id = collection::insert(&mut change, &command.name, &command.properties, now).await.map_err(|error| {
        if error.is_conflict_on("collection", "name") {
            CollectionError::NameTaken(command.name.clone())
        } else {
            error.into()
        }
    })?;
    collection::set_rules(&mut change, id, &rules).await?;
    change.evaluate(id).await?;
    let made = list::look_up(&mut change, &command.name).await?.view;
    let note = Note {
        object_kind: KIND,
        object_name: command.name.to_string(),
        action: "collection.create",
        detail: json!({ "new": made }),
    };
    change.commit(&note).await?;
    Ok(made)
}

/// Makes the collections that every site has.
pub(crate) async fn create_predefined(site: &Site) -> Result<(), CollectionError> {
    let title = "All devices".parse().expect("a short text");
    let command = CreateCollection {
        name: ALL_DEVICES.parse().expect("a slug"),
        properties: CollectionProperties { title, ..CollectionProperties::default() },
        rules: vec![CollectionRule::AllDevices],
    };
    create(site, &Actor::System, command).await?;
    Ok(())
}
