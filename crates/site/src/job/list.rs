//! Jobs as administrators see them.

use dray_model::JobId;
use dray_model::ObjectKind;
use dray_model::api::job::{Job, JobState};
use dray_model::api::page::{Page, PageRequest};

use super::{JobError, object};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Jobs, newest first, all or those in one state.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn list(
    site: &Site,
    actor: &Actor,
    state: Option<JobState>,
    page: &PageRequest,
) -> Result<Page<Job>, JobError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Job)).await?;
    Ok(dray_store::job::list(&mut snapshot, actor.within(), state, page).await?)
}

/// One job.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound).
pub async fn find(site: &Site, actor: &Actor, id: JobId) -> Result<Job, JobError> {
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Job)).await?;
    actor.authorise_on::<JobError>(&mut snapshot, Permission::Read(ObjectKind::Job), &object(id)).await?;
    Ok(dray_store::job::find(&mut snapshot, id).await?.ok_or_else(|| object(id).not_found())?)
}
