//! Deletes a collection that nothing depends on. Its members stay devices.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_store::collection::StoredCollection;
use dray_store::{Snapshot, advertisement, collection};

use super::{ALL_DEVICES, CollectionError, list, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Deletes the collection.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`CollectionError::Predefined`],
/// [`ObjectError::InUse`](crate::ObjectError::InUse) with all that depends on it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), CollectionError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Collection)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The collection to delete.
pub(crate) struct Plan(StoredCollection);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, CollectionError> {
    let former = list::look_up(snapshot, actor, Permission::Manage(ObjectKind::Collection), name).await?;
    if name.as_str() == ALL_DEVICES {
        return Err(CollectionError::Predefined(name.clone()));
    }
    let advertisements = advertisement::of_collection(snapshot, name).await?;
    object(name).expect_unused(advertisements.iter().map(crate::advertisement::object).collect())?;
    Ok(Plan(former))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), CollectionError> {
    let Plan(StoredCollection { id, view: former }) = plan;
    collection::delete(change, id).await?;
    change.record(Record::deleted(object(&former.name), &former));
    Ok(())
}
