//! Decides when packs are made here instead of fetched, and takes over what came of it.

use std::collections::HashSet;
use std::sync::Arc;

use dray_client::content::Fetcher;
use dray_client::error::in_full;
use dray_content::ObjectName;
use dray_content::manifest::PackInfo;
use dray_model::Digest;
use dray_model::point::{AssignedUpdate, PointAssignment};
use tokio::time::Instant;

use super::super::rebuild::{Described, Rebuild, RebuildFailure, Rebuilt};
use super::super::reconcile::{Reconciliation, WantedContent};
use super::transfers::sources;
use super::{Done, Holder};

/// What was tried, once each while the point runs: a content and the update to it.
pub(super) type Tried = HashSet<(Digest, Digest)>;

impl Holder {
    /// Begins a rebuild when all for it is here. Gives the packs that are not to be fetched now, because they are being made or will be
    /// as soon as the update is here.
    pub(super) fn begin_rebuild(
        &mut self,
        duty: &[PointAssignment],
        todo: &Reconciliation,
        now: Instant,
    ) -> HashSet<ObjectName> {
        let mut held_back = HashSet::new();
        for new in duty {
            let Some(wanted) = todo.contents.get(&new.content) else { continue };
            let packs = missing_packs(wanted);
            if packs.is_empty() || wanted.is_open || wanted.unusable.is_some() {
                continue;
            }
            let Some((old, update)) = self.way(duty, new, wanted, todo, now) else { continue };
            held_back.extend(packs.iter().map(|pack| ObjectName::Pack(pack.digest)));
            // What the update needs itself must come, whatever its packs are said to be.
            held_back.retain(|held| objects(update).all(|(object, _)| object != *held));
            if self.rebuilding.is_none() && self.has_all_of(update) {
                self.begin(old, new, update, packs);
            }
        }
        held_back
    }

    /// The best update to `new` from a content that is here, whose objects are here or coming.
    fn way<'a>(
        &self,
        duty: &[PointAssignment],
        new: &'a PointAssignment,
        wanted: &WantedContent,
        todo: &Reconciliation,
        now: Instant,
    ) -> Option<(Described, &'a AssignedUpdate)> {
        let is_complete = |content| todo.contents.get(content).is_some_and(WantedContent::is_complete);
        let usable = new.updates.iter().filter(|update| {
            let is_running = self.rebuilding == Some((new.content, update.object));
            (is_running || !self.tried.contains(&(new.content, update.object)))
                && objects(update)
                    .all(|(object, _)| wanted.extras.contains_key(&object) && !self.retries.is_waiting(&object, now))
        });
        usable.into_iter().find_map(|update| {
            let old = duty.iter().find(|old| old.content == update.from && is_complete(&old.content))?;
            Some((Described { content: old.content, manifest: old.manifest }, update))
        })
    }

    fn has_all_of(&self, update: &AssignedUpdate) -> bool {
        objects(update).all(|(object, bytes)| self.held.get(&object).is_some_and(|held| held.bytes == bytes))
    }

    fn begin(&mut self, old: Described, new: &PointAssignment, update: &AssignedUpdate, packs: Vec<PackInfo>) {
        let key = (new.content, update.object);
        self.tried.insert(key);
        let api = self.wiring.site.borrow().clone();
        let Ok(sources) = sources(&api) else { return };
        let rebuild = Rebuild {
            folder: Arc::clone(&self.folder),
            sources: Fetcher::new(api.http().clone()).with_rate(self.rate.clone()).from(sources),
            old,
            new: Described { content: new.content, manifest: new.manifest },
            update: update.object,
            packs,
            reserve_bytes: self.settings.reserve_bytes,
            clock: Arc::clone(&self.clock),
        };
        tracing::debug!(content = %new.content, "packs are made out of an update");
        self.rebuilding = Some(key);
        self.work.spawn(async move { Done::Rebuilt(rebuild.run().await) });
    }

    /// What could not be made is fetched from now on.
    pub(super) fn rebuilt(&mut self, result: Result<Rebuilt, RebuildFailure>) {
        self.rebuilding = None;
        match result {
            Ok(Rebuilt { packs, made_bytes, fetched_bytes }) => {
                tracing::info!(packs = packs.len(), made_bytes, fetched_bytes, "packs were made out of an update");
                self.held.extend(packs);
            }
            Err(error) => {
                tracing::warn!(error = %in_full(&error), "packs can't be made out of an update; they are fetched");
            }
        }
    }
}

fn missing_packs(wanted: &WantedContent) -> Vec<PackInfo> {
    let size = |object: &ObjectName| wanted.objects.get(object).copied();
    let packs = wanted.missing.iter().filter_map(|object| match object {
        ObjectName::Pack(digest) => Some(PackInfo { digest: *digest, size: size(object)? }),
        ObjectName::Manifest(_) | ObjectName::Update(_) => None,
    });
    packs.collect()
}

fn objects(update: &AssignedUpdate) -> impl Iterator<Item = (ObjectName, u64)> + '_ {
    let packs = update.packs.iter().map(|pack| (ObjectName::Pack(pack.digest), pack.bytes));
    [(ObjectName::Update(update.object), update.bytes)].into_iter().chain(packs)
}
