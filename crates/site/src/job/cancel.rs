//! Takes back a job that waits. One that runs is left to finish: its work is idempotent, half of it isn't useful.

use dray_model::JobId;
use dray_model::ObjectKind;
use serde_json::json;

use super::{JobError, object};
use crate::actor::{Actor, Permission};
use crate::record::Record;
use crate::site::Site;

/// Cancels the job.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`JobError::NotWaiting`].
pub async fn cancel(site: &Site, actor: &Actor, id: JobId) -> Result<(), JobError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Job)).await?;
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Job))?;
    let job = dray_store::job::find(&mut change, id).await?.ok_or_else(|| object(id).not_found())?;
    let now = change.now();
    if !dray_store::job::cancel(&mut change, id, now).await? {
        return Err(JobError::NotWaiting(id));
    }
    let former = json!({ "kind": job.kind, "key": job.key, "state": job.state });
    change.record(Record::done(object(id), "cancel", json!({ "former": former })));
    Ok(change.commit().await?)
}
