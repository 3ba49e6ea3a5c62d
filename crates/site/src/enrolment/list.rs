//! Lists enrolment tokens, those that are over included.

use dray_model::ObjectKind;
use dray_model::api::device::EnrolmentTokenView;
use dray_model::api::page::{Page, PageRequest};

use super::EnrolmentError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Tokens, newest first.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(site: &Site, actor: &Actor, page: &PageRequest) -> Result<Page<EnrolmentTokenView>, EnrolmentError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::EnrolmentToken))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::EnrolmentToken)).await?;
    Ok(dray_store::enrolment::list(&mut snapshot, page).await?)
}
