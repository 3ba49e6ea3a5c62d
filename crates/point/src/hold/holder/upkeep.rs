//! What keeps a folder good and small: verification of what lies there, removal of what nothing needs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dray_content::ObjectName;
use dray_model::cause::in_full;
use tokio::time::Instant;

use super::super::reconcile::Reconciliation;
use super::super::verify::{self, Verdict};
use super::{Done, Holder, LOOK_EVERY};
use crate::folder::Folder;

/// Objects that are suspected at a time; the regular verification finds the others.
const SUSPECTS_MAX: usize = 1024;
/// How old a verification must be before a suspicion counts.
const SUSPECT_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Shortest time between two verifications of an object, whatever is asked for.
const VERIFY_EVERY_MIN: Duration = Duration::from_secs(60);

impl Holder {
    /// Remembers an object that could not be read as it should, unless it was verified just now: callers shall not keep the disk
    /// busy with it.
    pub(super) fn suspect(&mut self, object: ObjectName) {
        let Some(held) = self.held.get(&object) else { return };
        let is_fresh = (self.clock)().since(held.verified_at) < SUSPECT_AGAIN_AFTER;
        if !is_fresh && self.suspects.len() < SUSPECTS_MAX && !self.suspects.contains(&object) {
            self.suspects.push_back(object);
        }
    }

    /// Verifies what is suspected, else what was not verified for longest, when it is due. Says when the next one is.
    pub(super) fn begin_verification(&mut self, now: Instant) -> Instant {
        let later = now + LOOK_EVERY;
        if self.verifying.is_some() {
            return later;
        }
        let (clock, every) = ((self.clock)(), self.settings.verify_every.max(VERIFY_EVERY_MIN));
        let oldest = self.held.iter().min_by_key(|(_, held)| held.verified_at);
        let due = oldest.map(|(object, held)| (*object, (held.verified_at + every).since(clock)));
        let object = match (self.suspects.pop_front(), due) {
            (Some(object), _) => object,
            (None, Some((object, wait))) if wait.is_zero() => object,
            (None, Some((_, wait))) => return now + wait.min(LOOK_EVERY),
            (None, None) => return later,
        };
        self.verifying = Some(object);
        let folder = Arc::clone(&self.folder);
        self.work.spawn_blocking(move || Done::Verified(object, verify::verify(&folder, &object)));
        later
    }

    pub(super) async fn verified(&mut self, object: ObjectName, verdict: Verdict) {
        self.verifying = None;
        match verdict {
            Verdict::Good => {
                let now = (self.clock)();
                if let Some(held) = self.held.get_mut(&object) {
                    held.verified_at = now;
                }
                if let Err(error) = self.on_disk(move |folder| folder.confirm(&object, now)).await {
                    tracing::warn!(error = %in_full(&error), "cannot record a verification");
                }
            }
            Verdict::Damaged(why) => self.set_aside(object, &why).await,
            Verdict::Gone => {
                self.held.remove(&object);
            }
        }
    }

    /// Removes what nothing has needed for the time of grace, and what transfers of such left. Says when more may go.
    pub(super) async fn remove_unneeded(&mut self, todo: &Reconciliation, now: Instant) -> Instant {
        let unneeded: HashSet<ObjectName> = todo.unneeded.iter().copied().collect();
        self.unneeded_since.retain(|object, _| unneeded.contains(object));
        let mut gone = Vec::new();
        let mut next = now + LOOK_EVERY;
        for object in unneeded {
            let since = *self.unneeded_since.entry(object).or_insert(now);
            match since + self.settings.removal_grace {
                until if until <= now => gone.push(object),
                until => next = next.min(until),
            }
        }
        self.remove(gone).await;
        if self.has_leftovers && todo.is_certain && self.transfers.is_empty() {
            self.has_leftovers = false;
            self.remove_leftovers(todo).await;
        }
        next
    }

    pub(super) async fn remove(&mut self, objects: Vec<ObjectName>) {
        for object in objects {
            match self.on_disk(move |folder| folder.remove(&object)).await {
                Ok(()) => {
                    tracing::info!(%object, "removed an unused object");
                    self.held.remove(&object);
                    self.unneeded_since.remove(&object);
                }
                Err(error) => tracing::warn!(error = %in_full(&error), "cannot remove an object"),
            }
        }
    }

    async fn remove_leftovers(&self, todo: &Reconciliation) {
        let needed: HashSet<ObjectName> =
            todo.contents.values().flat_map(|wanted| wanted.all_objects().copied()).collect();
        let removed = self.on_disk(move |folder: &Folder| {
            let left = folder.leftovers()?;
            left.iter().filter(|object| !needed.contains(object)).try_for_each(|object| folder.discard(object))
        });
        if let Err(error) = removed.await {
            tracing::warn!(error = %in_full(&error), "cannot remove the remains of old transfers");
        }
    }
}
