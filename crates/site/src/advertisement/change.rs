//! Changes an advertisement by publishing its next revision.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::advertisement::AdvertisementTerms;
use dray_model::api::advertisement::{AdvertisementView, ChangeAdvertisement};
use dray_store::Snapshot;
use dray_store::advertisement::{self, StoredAdvertisement};
use serde_json::json;

use super::check::{check_names, check_terms};
use super::list::view;
use super::publish::publish;
use super::{AdvertisementError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Changes the advertisement's terms, if it is at `revision`. The same terms as before are not a change.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::Stale`](crate::ObjectError::Stale); what is wrong with the
/// terms.
pub async fn change(
    site: &Site,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeAdvertisement,
) -> Result<AdvertisementView, AdvertisementError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Advertisement)).await?;
    let plan = check(&mut change, actor, name, revision, command).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

/// The terms that take the place of others.
pub(crate) struct Plan {
    pub(super) verb: &'static str,
    pub(super) former: StoredAdvertisement,
    pub(super) terms: AdvertisementTerms,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    revision: Option<u64>,
    command: ChangeAdvertisement,
) -> Result<Plan, AdvertisementError> {
    let former = in_force(snapshot, actor, Permission::Manage(ObjectKind::Advertisement), name).await?;
    object(name).expect_revision(revision, former.revision.into())?;
    let terms = command.terms.apply(former.terms.clone());
    if terms != former.terms {
        check_terms(&terms)?;
        check_names(snapshot, actor, &terms).await?;
    }
    Ok(Plan { verb: "change", former, terms })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<AdvertisementView, AdvertisementError> {
    let Plan { verb, former, terms } = plan;
    if terms == former.terms {
        return view(change, former).await;
    }
    let new = publish(change, &former.name, terms).await?;
    let detail = json!({
        "former": { "revision": former.revision, "terms": former.terms },
        "new": { "revision": new.revision, "terms": new.terms },
    });
    change.record(Record::done(object(&former.name), verb, detail));
    view(change, new).await
}

/// The advertisement's revision in force.
pub(super) async fn in_force(
    snapshot: &mut Snapshot,
    actor: &Actor,
    permission: Permission,
    name: &Name,
) -> Result<StoredAdvertisement, AdvertisementError> {
    let object = object(name);
    actor.authorise_on::<AdvertisementError>(snapshot, permission, &object).await?;
    Ok(advertisement::find(snapshot, name).await?.ok_or_else(|| object.not_found())?)
}
