//! The audit log as administrators see it.

use dray_model::ObjectKind;
use dray_model::api::audit::AuditRecord;
use dray_model::api::page::{Page, PageRequest};

use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Records, newest first.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<AuditRecord>, SiteError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Audit))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Audit)).await?;
    Ok(dray_store::audit::list(&mut snapshot, page).await?)
}

/// Number of the first record that doesn't follow from the one before; `None` when the log is whole.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn verify(site: &Site, actor: &Actor) -> Result<Option<i64>, SiteError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Audit))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Audit)).await?;
    Ok(dray_store::audit::verify(&mut snapshot).await?)
}
