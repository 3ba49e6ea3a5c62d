//! Carries out what [`reconcile`] decides: one task owns all that is known of the folder, the work itself runs beside it.

mod rebuilds;
mod retries;
mod transfers;
mod upkeep;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use dray_client::ClientApi;
use dray_client::content::RateLimit;
use dray_content::ObjectName;
use dray_model::Digest;
use dray_model::cause::in_full;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::needs::{self, ManifestNeeds, Needs, ReadManifest};
use super::rebuild::{RebuildFailure, Rebuilt};
use super::reconcile::{Reconciliation, WantedContent, reconcile};
use super::standings::{self, Standings};
use super::transfer::TransferError;
use super::verify::Verdict;
use super::{Duty, HoldSettings};
use crate::config::Clock;
use crate::error::PointError;
use crate::folder::{Folder, HeldObject, Inventory};
use retries::Retries;
use transfers::Running;

/// How often progress is told while objects are on their way.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// Longest sleep: clocks get set, so what is due by the clock is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// The channels of a holder.
pub(crate) struct Wiring {
    pub(crate) site: watch::Receiver<ClientApi>,
    pub(crate) duty: watch::Receiver<Option<Arc<Duty>>>,
    /// Objects that could not be read as they should.
    pub(crate) suspects: mpsc::Receiver<ObjectName>,
    pub(crate) standings: watch::Sender<Standings>,
}

/// Keeps a folder as its assignments say.
pub(crate) struct Holder {
    folder: Arc<Folder>,
    settings: HoldSettings,
    clock: Clock,
    wiring: Wiring,
    rate: Option<Arc<RateLimit>>,
    held: Inventory,
    needs: Needs,
    retries: Retries,
    work: JoinSet<Done>,
    transfers: HashMap<ObjectName, Running>,
    /// The content and the update that packs are made of; one at a time, for the disk.
    rebuilding: Option<(Digest, Digest)>,
    tried: rebuilds::Tried,
    /// The manifest that is being read; one at a time, for memory.
    reading: Option<(Digest, Digest)>,
    /// The object that is being verified; one at a time, for the disk.
    verifying: Option<ObjectName>,
    suspects: VecDeque<ObjectName>,
    unneeded_since: HashMap<ObjectName, Instant>,
    /// Whether what earlier transfers left was not looked through since the duty changed.
    has_leftovers: bool,
}

/// Work that ended.
enum Done {
    Transferred(ObjectName, Result<HeldObject, TransferError>),
    Rebuilt(Result<Rebuilt, RebuildFailure>),
    Read((Digest, Digest), ReadManifest),
    Verified(ObjectName, Verdict),
}

impl Holder {
    /// Looks through the folder.
    pub(crate) async fn new(
        folder: Arc<Folder>,
        settings: HoldSettings,
        clock: Clock,
        wiring: Wiring,
    ) -> Result<Self, PointError> {
        let rate = settings.bytes_per_s.map(|bytes_per_s| Arc::new(RateLimit::new(bytes_per_s)));
        let mut holder = Self {
            folder,
            settings,
            clock,
            wiring,
            rate,
            held: Inventory::new(),
            needs: Needs::new(),
            retries: Retries::default(),
            work: JoinSet::new(),
            transfers: HashMap::new(),
            rebuilding: None,
            tried: rebuilds::Tried::new(),
            reading: None,
            verifying: None,
            suspects: VecDeque::new(),
            unneeded_since: HashMap::new(),
            has_leftovers: true,
        };
        holder.held = holder.on_disk(Folder::inventory).await?;
        holder.on_disk(Folder::clear_scratch).await?;
        Ok(holder)
    }

    /// Works forever; ends when nobody gives it duties any more. Dropping it is safe at any time.
    pub(crate) async fn run(mut self) {
        loop {
            let wake = self.step().await;
            tokio::select! {
                changed = self.wiring.duty.changed() => match changed {
                    Ok(()) => self.has_leftovers = true,
                    Err(_) => return,
                },
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => self.finish(done).await,
                    Err(error) => tracing::error!(%error, "work on the folder has stopped"),
                },
                Some(object) = self.wiring.suspects.recv() => self.suspect(object),
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Begins all that is to be done and can be begun, and says when to look again.
    async fn step(&mut self) -> Instant {
        let now = Instant::now();
        let duty = self.wiring.duty.borrow_and_update().clone();
        let mut wake = (now + LOOK_EVERY).min(self.begin_verification(now));
        // Without any duty nothing is fetched, and what is here stays.
        if let Some(duty) = duty {
            self.forget_unusable(now);
            let todo = reconcile(&duty.contents, &self.held, &self.needs);
            for object in &todo.damaged {
                self.set_aside(*object, "its length has changed").await;
            }
            self.retries.keep_only(&todo);
            self.begin_reading(&todo);
            let made = self.begin_rebuild(&duty.contents, &todo, now);
            self.begin_transfers(&todo, &made.objects, now).await;
            if duty.may_remove((self.clock)()) {
                wake = wake.min(self.remove_unneeded(&todo, now).await);
            }
            self.note_unusable(&todo, now);
            self.tell(&todo, &made);
        }
        if !self.transfers.is_empty() {
            wake = wake.min(now + TELL_EVERY);
        }
        self.retries.next(now).map_or(wake, |retry| wake.min(retry))
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::Transferred(object, result) => self.transferred(object, result),
            Done::Rebuilt(result) => self.rebuilt(result),
            Done::Verified(object, verdict) => self.verified(object, verdict).await,
            Done::Read(key, read) => {
                self.reading = None;
                match read {
                    ReadManifest::Needs(needs) => {
                        if let ManifestNeeds::Unusable(why) = &needs {
                            self.give_up(ObjectName::Manifest(key.0), why.clone());
                        }
                        self.needs.insert(key, needs);
                    }
                    ReadManifest::Damaged(why) => self.set_aside(ObjectName::Manifest(key.0), &why).await,
                }
            }
        }
    }

    fn begin_reading(&mut self, todo: &Reconciliation) {
        if let (None, Some(&(manifest, content))) = (self.reading, todo.unread.first()) {
            self.reading = Some((manifest, content));
            let folder = Arc::clone(&self.folder);
            self.work.spawn_blocking(move || Done::Read((manifest, content), needs::read(&folder, manifest, content)));
        }
        let wanted: HashSet<Digest> = todo.contents.keys().copied().collect();
        self.needs.retain(|(_, content), _| wanted.contains(content));
    }

    /// Contents that contradict each other can't be used either.
    fn note_unusable(&mut self, todo: &Reconciliation, now: Instant) {
        for wanted in todo.contents.values() {
            let manifest = wanted.objects.keys().find(|object| matches!(object, ObjectName::Manifest(_)));
            if let (Some(why), Some(manifest)) = (&wanted.unusable, manifest)
                && !self.retries.is_waiting(manifest, now)
            {
                self.give_up(*manifest, why.clone());
            }
        }
    }

    /// What can't be used is looked at again now and then, like anything else that failed.
    fn give_up(&mut self, manifest: ObjectName, why: String) {
        tracing::warn!(object = %manifest, why, "cannot use assigned content");
        self.retries.gave_up(manifest, why, Instant::now(), (self.clock)());
    }

    fn forget_unusable(&mut self, now: Instant) {
        let retries = &self.retries;
        self.needs.retain(|(manifest, _), needs| {
            let is_usable = matches!(needs, ManifestNeeds::Packs(_));
            is_usable || retries.is_waiting(&ObjectName::Manifest(*manifest), now)
        });
    }

    fn tell(&self, todo: &Reconciliation, made: &rebuilds::Made) {
        let under_way = self.transfers.iter().map(|(object, running)| (*object, running.bytes())).collect();
        let failures = self.retries.failures();
        let state = |content: &Digest, wanted: &WantedContent| {
            standings::state_of(wanted, made.contents.get(content), &self.held, &under_way, &failures)
        };
        let standings = Standings {
            contents: todo.contents.iter().map(|(content, wanted)| (*content, state(content, wanted))).collect(),
            objects: self.held.len() as u64,
            bytes: self.held.values().map(|held| held.bytes).sum(),
        };
        self.wiring.standings.send_if_modified(|told| {
            let is_new = *told != standings;
            *told = standings;
            is_new
        });
    }

    /// Takes a damaged object out of its place, so that the next step fetches it again.
    async fn set_aside(&mut self, object: ObjectName, why: &str) {
        tracing::warn!(%object, why, "moving a damaged object away and downloading it again");
        self.held.remove(&object);
        if let Err(error) = self.on_disk(move |folder| folder.set_aside(&object)).await {
            tracing::error!(error = %in_full(&error), "cannot move a damaged object away");
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, PointError> + Send + 'static,
    ) -> Result<T, PointError> {
        let folder = Arc::clone(&self.folder);
        let root = folder.root().to_owned();
        match tokio::task::spawn_blocking(move || work(&folder)).await {
            Ok(done) => done,
            Err(stopped) => Err(PointError::folder("work on", root)(std::io::Error::other(stopped))),
        }
    }
}
