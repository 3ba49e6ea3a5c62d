//! Evaluates a whole collection again. Members follow by themselves; this is for administrators who want to be sure.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::collection::CollectionView;
use serde_json::json;

use super::{CollectionError, list, object};
use crate::actor::{Actor, Permission};
use crate::record::Record;
use crate::site::Site;

/// Evaluates the collection now.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn evaluate(site: &Site, actor: &Actor, name: &Name) -> Result<CollectionView, CollectionError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Collection)).await?;
    let found = list::look_up(&mut change, actor, Permission::Manage(ObjectKind::Collection), name).await?;
    let evaluation = change.evaluate(found.id).await?;
    let detail = json!({ "added": evaluation.added, "removed": evaluation.removed });
    change.record(Record::done(object(name), "evaluate", detail));
    let evaluated = list::look_up(&mut change, actor, Permission::Manage(ObjectKind::Collection), name).await?.view;
    change.commit().await?;
    Ok(evaluated)
}
