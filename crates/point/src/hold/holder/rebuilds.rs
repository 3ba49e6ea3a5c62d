//! Decides when manifests and packs are made here instead of fetched, and takes over what came of it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use dray_client::content::Fetcher;
use dray_content::{ObjectName, Tree};
use dray_model::Digest;
use dray_model::cause::in_full;
use dray_model::point::{AssignedUpdate, PointAssignment};
use tokio::time::Instant;

use super::super::rebuild::{Described, Rebuild, RebuildFailure, Rebuilt};
use super::super::reconcile::{Fetch, Reconciliation, WantedContent};
use super::super::standings::Way;
use super::super::updates::{self, manifest_difference, objects};
use super::transfers::sources;
use super::{Done, Holder};

/// What was tried, once each while the point runs: a content and the update to it.
pub(super) type Tried = HashSet<(Digest, Digest)>;

/// What is made of updates.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Objects that are not to be fetched.
    pub(super) objects: HashSet<ObjectName>,
    /// Contents, each with what it is made of.
    pub(super) contents: BTreeMap<Digest, Way>,
}

impl Holder {
    /// Begins a rebuild when all for it is here. Tells what is being made, or will be as soon as the update is here.
    pub(super) fn begin_rebuild(&mut self, duty: &[PointAssignment], todo: &Reconciliation, now: Instant) -> Made {
        let mut made = Made::default();
        for new in duty {
            let Some(wanted) = todo.contents.get(&new.content) else { continue };
            // While a manifest is here and was not read, nothing is known to be missing.
            if wanted.missing.is_empty() || wanted.unusable.is_some() {
                continue;
            }
            let Some((old, update)) = self.way(duty, new, wanted, todo, now) else { continue };
            let way: Way = objects(update).chain(self.difference_coming(update, wanted, now)).collect();
            // What the update needs itself must come, whatever its packs are said to be.
            made.objects.extend(wanted.missing.iter().filter(|object| !way.contains_key(object)));
            let is_here =
                |(object, bytes): (&ObjectName, &u64)| self.held.get(object).is_some_and(|held| held.bytes == *bytes);
            if self.rebuilding.is_none() && way.iter().all(is_here) {
                self.begin(old, new, update);
            }
            made.contents.insert(new.content, way);
        }
        made
    }

    /// The best update to `new` from a content that is here, or from nothing, whose objects are here or coming.
    fn way<'a>(
        &self,
        duty: &[PointAssignment],
        new: &'a PointAssignment,
        wanted: &WantedContent,
        todo: &Reconciliation,
        now: Instant,
    ) -> Option<(Option<Described>, &'a AssignedUpdate)> {
        let usable = new.updates.iter().filter(|update| {
            let is_running = self.rebuilding == Some((new.content, update.object));
            (is_running || !self.tried.contains(&(new.content, update.object)))
                && updates::begins_here(update, &todo.contents)
                && objects(update)
                    .all(|(object, _)| wanted.extras.contains_key(&object) && !self.retries.is_waiting(&object, now))
        });
        usable.into_iter().find_map(|update| {
            if Tree::is_nothing(&update.from) {
                return Some((None, update));
            }
            let old = duty.iter().find(|old| old.content == update.from)?;
            Some((Some(Described { content: old.content, manifest: manifest_of(old) }), update))
        })
    }

    /// What makes the manifest, when it is here or coming.
    fn difference_coming(
        &self,
        update: &AssignedUpdate,
        wanted: &WantedContent,
        now: Instant,
    ) -> Option<(ObjectName, u64)> {
        let is_coming =
            |object: &ObjectName| wanted.extras.contains_key(object) && !self.retries.is_waiting(object, now);
        manifest_difference(update).filter(|(object, _)| is_coming(object))
    }

    fn begin(&mut self, old: Option<Described>, new: &PointAssignment, update: &AssignedUpdate) {
        let key = (new.content, update.object);
        self.tried.insert(key);
        let api = self.wiring.site.borrow().clone();
        let Ok(sources) = sources(&api) else { return };
        let rebuild = Rebuild {
            folder: Arc::clone(&self.folder),
            sources: Fetcher::new(api.http().clone()).with_rate(self.rate.clone()).from(sources),
            old,
            new: Described { content: new.content, manifest: manifest_of(new) },
            update: update.object,
            manifest_difference: manifest_difference(update).map(|(object, _)| object),
            reserve_bytes: self.settings.reserve_bytes,
            clock: Arc::clone(&self.clock),
        };
        tracing::debug!(content = %new.content, "building content from an update");
        self.rebuilding = Some(key);
        self.work.spawn(async move { Done::Rebuilt(rebuild.run().await) });
    }

    /// What could not be made is fetched from now on.
    pub(super) fn rebuilt(&mut self, result: Result<Rebuilt, RebuildFailure>) {
        self.rebuilding = None;
        match result {
            Ok(Rebuilt { objects, made_bytes, fetched_bytes }) => {
                tracing::info!(objects = objects.len(), made_bytes, fetched_bytes, "built content from an update");
                self.held.extend(objects);
            }
            Err(error) => {
                tracing::warn!(error = %in_full(&error), "cannot build content from an update; downloading it");
            }
        }
    }
}

fn manifest_of(assignment: &PointAssignment) -> Fetch {
    Fetch { object: ObjectName::Manifest(assignment.manifest), bytes: assignment.manifest_bytes }
}
