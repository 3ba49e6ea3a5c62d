//! Makes a collection and finds its members.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::collection::{CollectionView, CreateCollection};
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_store::collection::Rule;
use dray_store::{Snapshot, collection};

use super::{ALL_DEVICES, CollectionError, check as checked, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Makes a collection.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken), [`CollectionError::Expression`],
/// [`ObjectError::Unresolved`](crate::ObjectError::Unresolved), [`CollectionError::TooMany`].
pub async fn create(site: &Site, actor: &Actor, command: CreateCollection) -> Result<CollectionView, CollectionError> {
    actor.authorise(Permission::Manage(ObjectKind::Collection))?;
    let draft = draft(command).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Collection)).await?;
    let plan = check(&mut change, actor, draft).await?;
    let made = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(made)
}

/// A command whose expressions are typed.
pub(crate) struct Draft {
    name: Name,
    properties: CollectionProperties,
    rules: Vec<Rule>,
}

/// Types the rules: milliseconds for each query, so before any transaction begins.
pub(crate) async fn draft(command: CreateCollection) -> Result<Draft, CollectionError> {
    let CreateCollection { name, properties, rules } = command;
    Ok(Draft { name, properties, rules: checked::rules(rules).await? })
}

/// The collection to make.
pub(crate) struct Plan(Draft);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, draft: Draft) -> Result<Plan, CollectionError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Collection))?;
    let taken = collection::find(snapshot, &draft.name).await?.is_some();
    object(&draft.name).expect_free(taken)?;
    checked::devices(snapshot, &draft.rules).await?;
    Ok(Plan(draft))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<CollectionView, CollectionError> {
    let Plan(Draft { name, properties, rules }) = plan;
    let now = change.now();
    let id = collection::insert(change, &name, &properties, now).await?;
    collection::set_rules(change, id, &rules).await?;
    change.evaluate(id).await?;
    let object = object(&name);
    let made = collection::find(change, &name).await?.ok_or_else(|| object.clone().not_found())?.view;
    change.record(Record::created(object, &made));
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
