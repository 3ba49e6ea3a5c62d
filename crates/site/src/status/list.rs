//! Status messages as administrators see them.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::status::StatusView;
use dray_store::status;

use super::StatusError;
use crate::actor::{Actor, Permission};
use crate::device;
use crate::site::Site;

/// Messages, the newest first: of the device with this name or id, and about this advertisement, where they are given. What
/// was reported about a withdrawn advertisement is still there.
///
/// # Errors
/// [`StatusError::Device`].
pub async fn list(
    site: &Site,
    actor: &Actor,
    device: Option<&Name>,
    advertisement: Option<Name>,
    page: &PageRequest,
) -> Result<Page<StatusView>, StatusError> {
    let device = match device {
        Some(name) => Some(device::find_without_facts(site, actor, name).await?.id),
        None => None,
    };
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Device)).await?;
    Ok(status::list(&mut snapshot, actor.within(), &status::Filter { device, advertisement }, page).await?)
}
