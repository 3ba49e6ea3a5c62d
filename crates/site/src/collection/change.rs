//! Changes what a collection says of itself, or its rules; with new rules its members are found again in the same transaction.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::collection::{ChangeCollection, CollectionView};
use dray_model::collection::CollectionProperties;
use dray_store::Snapshot;
use dray_store::collection::{self, Rule, StoredCollection};

use super::{ALL_DEVICES, CollectionError, check as checked, list, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Changes `revision` of the collection. The same values as before are not a change.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::Stale`](crate::ObjectError::Stale),
/// [`CollectionError::Predefined`]; what is wrong with rules.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeCollection,
) -> Result<CollectionView, CollectionError> {
    actor.authorise(Permission::Manage(ObjectKind::Collection))?;
    let draft = draft(name, command).await?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Collection)).await?;
    let plan = check(&mut change, actor, name, revision, draft).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

/// A command whose expressions are typed.
pub(crate) struct Draft {
    properties: Option<CollectionProperties>,
    rules: Option<Vec<Rule>>,
}

/// Types the rules: milliseconds for each query, so before any transaction begins.
pub(crate) async fn draft(name: &Name, command: ChangeCollection) -> Result<Draft, CollectionError> {
    let rules = match command.rules {
        Some(_) if name.as_str() == ALL_DEVICES => return Err(CollectionError::Predefined(name.clone())),
        Some(rules) => Some(checked::rules(rules).await?),
        None => None,
    };
    Ok(Draft { properties: command.properties, rules })
}

/// What takes the place of what. Without rules the members stay.
pub(crate) struct Plan {
    former: StoredCollection,
    properties: CollectionProperties,
    rules: Option<Vec<Rule>>,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    draft: Draft,
) -> Result<Plan, CollectionError> {
    let former = list::look_up(snapshot, actor, Permission::Manage(ObjectKind::Collection), name).await?;
    object(name).expect_revision(revision, former.view.revision)?;
    let given = former.view.rules.iter();
    let rules = draft.rules.filter(|rules| !rules.iter().map(Rule::to_model).eq(given.cloned()));
    if let Some(rules) = &rules {
        actor.authorise_everywhere(Permission::Manage(ObjectKind::Collection))?;
        checked::devices(snapshot, rules).await?;
    }
    let properties = draft.properties.unwrap_or_else(|| former.view.properties.clone());
    Ok(Plan { former, properties, rules })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<CollectionView, CollectionError> {
    let Plan { former: StoredCollection { id, view: former }, properties, rules } = plan;
    if rules.is_none() && properties == former.properties {
        return Ok(former);
    }
    let now = change.now();
    collection::change(change, id, former.revision + 1, &properties, now).await?;
    if let Some(rules) = rules {
        collection::set_rules(change, id, &rules).await?;
        change.evaluate(id).await?;
    }
    let object = object(&former.name);
    let new = collection::find(change, &former.name).await?.ok_or_else(|| object.clone().not_found())?.view;
    change.record(Record::changed(object, &former, &new));
    Ok(new)
}
