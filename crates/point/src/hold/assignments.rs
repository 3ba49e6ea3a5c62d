//! What the point is to hold: asked for with held requests, and kept on disk for the time when the site is away.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dray_client::{ClientApi, Held};
use dray_content::durable::{self, Readers};
use dray_model::api::client::PointAssignments;
use dray_model::point::PointAssignment;
use dray_model::{EraId, Timestamp};
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
/// How long everything is kept after the site has returned: as long as the policies last that it signed before.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
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
    /// Its number; see [`PointAssignments`].
    #[serde(default)]
    number: u64,
    /// The site's last return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<EraId>,
    /// Until then nothing is removed: the site has returned, and clients may have orders from before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept_until: Option<Timestamp>,
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

    /// The duty that follows from an answer of the site; `None` when the answer is older than what is known and so doesn't count.
    fn next(former: Option<&Self>, assigned: PointAssignments, since: Timestamp) -> Option<Self> {
        let PointAssignments { contents, number, returned } = assigned;
        let new = Self { format: FORMAT, since, contents, number, returned, kept_until: None };
        let Some(former) = former else { return Some(new) };
        if former.returned != returned {
            return Some(Self { kept_until: Some(since + KEPT), ..new });
        }
        (number >= former.number).then_some(Self { kept_until: former.kept_until, ..new })
    }

    /// Whether what isn't assigned may be removed.
    pub(crate) fn may_remove(&self, now: Timestamp) -> bool {
        self.kept_until.is_none_or(|until| now >= until)
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
                let at = clock();
                contact.send_if_modified(|contact| contact.made(at));
                if let Held::Changed { etag: new, value } = answer {
                    if take_over(value, &folder, at, &duty).await {
                        etag = Some(new);
                        failures = 0;
                    } else {
                        failures += 1;
                        tokio::time::sleep(pause(failures)).await;
                    }
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

/// Whether the answer counts.
async fn take_over(
    assigned: PointAssignments,
    folder: &Arc<Folder>,
    since: Timestamp,
    duty: &watch::Sender<Option<Arc<Duty>>>,
) -> bool {
    let (number, contents) = (assigned.number, assigned.contents.len());
    let former = duty.borrow().clone();
    let Some(new) = Duty::next(former.as_deref(), assigned, since) else {
        tracing::warn!(number, "the site's assignments are older than those known here; the last known ones stand");
        return false;
    };
    if former.is_some_and(|former| former.returned != new.returned) {
        tracing::warn!("the site was restored from an older copy; nothing is deleted here for a week");
    }
    tracing::info!(contents, "assignments received");
    let new = Arc::new(new);
    let written = {
        let (new, folder) = (Arc::clone(&new), Arc::clone(folder));
        tokio::task::spawn_blocking(move || new.write(&folder)).await
    };
    if let Ok(Err(error)) = written {
        // They hold until a restart, and then the site tells again.
        tracing::warn!(error = %dray_model::cause::in_full(&error), "cannot save the assignments");
    }
    duty.send_replace(Some(new));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(number: u64, returned: Option<u64>) -> PointAssignments {
        PointAssignments { contents: Vec::new(), number, returned: returned.map(EraId::from_random) }
    }

    #[test]
    fn an_older_answer_does_not_count_and_after_a_return_nothing_is_removed_for_a_week() {
        let at = Timestamp::from_secs;
        let duty = Duty::next(None, assigned(5, None), at(0)).unwrap();
        assert!(duty.may_remove(at(0)));
        assert_eq!(Duty::next(Some(&duty), assigned(4, None), at(1)), None);
        let same = Duty::next(Some(&duty), assigned(5, None), at(1)).unwrap();
        assert!(same.may_remove(at(1)));
        let returned = Duty::next(Some(&duty), assigned(4, Some(1)), at(2)).unwrap();
        let later = Duty::next(Some(&returned), assigned(6, Some(1)), at(3)).unwrap();
        for duty in [returned, later] {
            assert!(!duty.may_remove(at(2) + KEPT / 2) && duty.may_remove(at(2) + KEPT));
        }
    }

    #[test]
    fn a_duty_is_read_whatever_version_kept_it() {
        let digest = |of: &str| blake3::hash(of.as_bytes()).to_hex().to_string();
        let contents = serde_json::json!([{
            "package": "editor", "source_version": 3, "content": digest("tree"), "manifest": digest("manifest"),
            "manifest_bytes": 700,
            "updates": [{ "from": digest("old"), "object": digest("update"), "bytes": 900, "packs": [] }],
        }]);
        let duty = serde_json::json!({ "format": 1, "since": "2026-11-24T12:00:00Z", "contents": contents });
        let duty: Duty = serde_json::from_value(duty).unwrap();
        dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), "duty", &duty, &[]);
    }

    #[test]
    fn the_last_known_duty_reads_back_and_a_damaged_one_is_no_duty() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), None);
        let duty = Duty::next(None, assigned(3, None), Timestamp::from_secs(5)).unwrap();
        duty.write(&folder).unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), Some(duty));
        std::fs::write(path(&folder), b"{\"format\":").unwrap();
        assert_eq!(Duty::read(&folder).unwrap(), None);
    }
}
