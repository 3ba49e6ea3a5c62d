//! Withdraws an advertisement. It leaves all policies; devices that run its program finish the run.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_store::advertisement::StoredAdvertisement;
use dray_store::feed::Scope;
use dray_store::{Snapshot, advertisement, collection};
use serde_json::json;

use super::change::in_force;
use super::{AdvertisementError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Withdraws the advertisement. Its revisions and what devices reported stay.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), AdvertisementError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Advertisement)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The advertisement to withdraw.
pub(crate) struct Plan {
    former: StoredAdvertisement,
}

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, AdvertisementError> {
    Ok(Plan { former: in_force(snapshot, actor, Permission::Manage(ObjectKind::Advertisement), name).await? })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), AdvertisementError> {
    let StoredAdvertisement { name, revision, terms, .. } = plan.former;
    advertisement::withdraw(change, &name).await?;
    if let Some(collection) = collection::number(change, &terms.collection).await? {
        change.concerns(Scope::Offers(collection));
    }
    change.record(Record::deleted(object(&name), &json!({ "revision": revision, "terms": terms })));
    Ok(())
}
