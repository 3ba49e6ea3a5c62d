//! Takes back a job that waits. One that runs is left to finish: its work is idempotent, half of it isn't useful.

use dray_model::JobId;
use serde_json::json;

use super::JobError;
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Cancels the job.
///
/// # Errors
/// [`JobError::NotFound`], [`JobError::NotWaiting`].
pub async fn cancel(site: &Site, actor: &Actor, id: JobId) -> Result<(), JobError> {
    let mut change = site.change(actor, Permission::ManageSite).await?;
    let job = dray_store::job::find(&mut change, id).await?.ok_or(JobError::NotFound(id))?;
    let now = change.now();
    if !dray_store::job::cancel(&mut change, id, now).await? {
        return Err(JobError::NotWaiting(id));
    }
    let note = Note {
        object_kind: "job",
        object_name: id.to_string(),
        action: "job.cancel",
        detail: json!({ "former": { "kind": job.kind, "key": job.key, "state": job.state } }),
    };
    change.commit(&note).await?;
    Ok(())
}
