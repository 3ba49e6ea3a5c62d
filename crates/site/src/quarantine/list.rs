//! Who waits.

use dray_model::ObjectKind;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::quarantine::QuarantinedView;
use dray_store::quarantine;

use super::QuarantineError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Members that wait or were refused, by their identity.
///
/// # Errors
/// [`QuarantineError::Site`].
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<QuarantinedView>, QuarantineError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Device))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    Ok(quarantine::list(&mut snapshot, page).await?)
}
