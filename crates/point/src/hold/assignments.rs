//! What the point is to hold: asked for with held requests, and kept on disk for the time when the site is away.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dray_client::{ClientApi, Held};
use dray_content::durable::{self, Readers};
use dray_model::Timestamp;
use dray_model::api::client::PointAssignments;
use dray_model::point::PointAssignment;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::pause;
use crate::config::Clock;
use crate::error::PointError;
use crate::folder::Folder;
use crate::summary::Contact;

/// How long the site is asked to hold a request, in seconds.
const WAIT_S: u32 = 300;
/// Shortest time between two requests, should the site not hold them.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// The only form of the file so far.
const FORMAT: u32 = 1;

/// What the point is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Duty {
    format: u32,
    /// When the site said so.
    pub(crate) since: Timestamp,
    /// What it said.
    pub(crate) contents: Vec<PointAssignment>,
}

impl Duty {
    /// The last known duty; `None` when there was none yet, or none that can be read: then the site is waited for, and nothing
    /// is removed.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>, PointError> {
        let path = path(folder);
        let read = durable::read(&path).map_err(PointError::folder("read", &path))?;
        let Some(bytes) = read else { return Ok(None) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(duty) if duty.format == FORMAT => Ok(Some(duty)),
            Ok(_) | Err(_) => {
                tracing::warn!(path = %path.display(), "cannot read the last known assignments; waiting for the site to send them");
                Ok(None)
            }
        }
    }

    fn write(&self, folder: &Folder) -> Result<(), PointError> {
        let path = path(folder);
        let bytes = serde_json::to_vec(self).expect("names and numbers have a JSON form");
        durable::replace(&path, &bytes, Readers::All).map_err(PointError::folder("write", path))
    }
}

fn path(folder: &Folder) -> PathBuf {
    folder.root().join("assignments.json")
}

/// Asks the site for assignments forever, and passes on what is new.
pub(crate) async fn keep_asking(
    site: watch::Receiver<ClientApi>,
    folder: Arc<Folder>,
    clock: Clock,
    duty: watch::Sender<Option<Arc<Duty>>>,
    contact: watch::Sender<Contact>,
) {
    let mut etag: Option<String> = None;
    let mut failures = 0;
    loop {
        let api = site.borrow().clone();
        match api.point_assignments(etag.as_deref(), WAIT_S).await {
            Ok(answer) => {
                failures = 0;
                let at = clock();
                contact.send_if_modified(|contact| contact.made(at));
                if let Held::Changed { etag: new, value } = answer {
                    etag = Some(new);
                    take_over(value, &folder, at, &duty).await;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
            Err(error) => {
                failures += 1;
                let (at, reason) = (clock(), error.in_full());
                if contact.send_if_modified(|contact| contact.lost(at, &reason)) {
                    tracing::warn!(error = %reason, "cannot get assignments; using the last known ones");
                }
                tokio::time::sleep(pause(failures)).await;
            }
        }
    }
}

async fn take_over(
    assigned: PointAssignments,
    folder: &Arc<Folder>,
    since: Timestamp,
    duty: &watch::Sender<Option<Arc<Duty>>>,
) {
    tracing::info!(contents = assigned.contents.len(), "assignments received");
    let new = Arc::new(Duty { format: FORMAT, since, contents: assigned.contents });
    let written = {
        let (new, folder) = (Arc::clone(&new), Arc::clone(folder));
        tokio::task::spawn_blocking(move || new.write(&folder)).await
    };
    if let Ok(Err(error)) = written {
        // They hold until a restart, and then the site tells again.
        tracing::warn!(error = %dray_model::cause::in_full(&error), "cannot save the assignments");
    }
    duty.send_replace(Some(new));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_known_duty_reads_back_and_a_damaged_one_is_no_duty() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), None);
        let duty = Duty { format: FORMAT, since: Timestamp::from_secs(5), contents: Vec::new() };
        duty.write(&folder).unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), Some(duty));
        std::fs::write(path(&folder), b"{\"format\":").unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), None);
    }
}
