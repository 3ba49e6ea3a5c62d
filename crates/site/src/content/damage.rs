//! What is known to be damaged in the content store: for administrators, and for publishing, which must not build on it.

use std::collections::HashSet;

use dray_content::ObjectName;
use dray_model::Digest;
use dray_model::ObjectKind;
use dray_model::api::content::ContentDamage;
use dray_store::{Snapshot, StoreError};

use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Everything that is damaged or missing.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn damage(site: &Site, actor: &Actor) -> Result<ContentDamage, SiteError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Content))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Content)).await?;
    Ok(ContentDamage { objects: dray_store::content::damage::list(&mut snapshot).await? })
}

/// The packs that are damaged or missing.
pub(crate) async fn damaged_packs(snapshot: &mut Snapshot) -> Result<HashSet<Digest>, StoreError> {
    let damaged = dray_store::content::damage::list(snapshot).await?;
    let names = damaged.iter().filter_map(|damaged| damaged.object.parse().ok());
    Ok(names.filter(|name| matches!(name, ObjectName::Pack(_))).map(|name| name.digest()).collect())
}
