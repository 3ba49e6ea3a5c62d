//! Who waits.

use dray_model::Name;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::quarantine::QuarantinedView;
use dray_store::quarantine;

use super::QuarantineError;
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Members that wait or were refused, by their identity.
///
/// # Errors
/// [`QuarantineError::Site`].
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<QuarantinedView>, QuarantineError> {
    let mut snapshot = site.read(actor, Permission::Read).await?;
    Ok(quarantine::list(&mut snapshot, page).await?)
}

/// Whether a member of this identity, or that calls itself so, waits: for a better answer than "there is none".
///
/// # Errors
/// [`SiteError`].
pub async fn is_waiting(site: &Site, actor: &Actor, name: &Name) -> Result<bool, SiteError> {
    let mut snapshot = site.read(actor, Permission::Read).await?;
    Ok(quarantine::find(&mut snapshot, name).await?.is_some_and(|view| view.refused_at.is_none()))
}
