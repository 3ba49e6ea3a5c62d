//! A change by an actor: transaction, audit records and jobs that stand or fall together.
//!
//! A [`Change`] is a [`WriteTx`] for statements. Operations check against it, apply their plans to it, and record what they did;
//! several operations can share one. What was recorded is appended to the audit log by the commit. A change without a record changed
//! nothing and is taken back, so an operation that forgets its record doesn't work at all. Jobs and news for clients are announced
//! after the commit, never before.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use dray_model::api::scope::{ScopeObject, ScopedKind};
use dray_model::{Digest, JobId, Name, Timestamp};
use dray_store::audit::Entry;
use dray_store::collection::Membership;
use dray_store::feed::{self, Scope};
use dray_store::job::NewJob;
use dray_store::{StoreError, WriteTx, advertisement, audit, collection};

use crate::actor::Actor;
use crate::job::JobKind;
use crate::random;
use crate::record::Record;
use crate::site::Site;

/// A change under way. Dropping it takes everything back.
pub struct Change<'a> {
    site: &'a Site,
    actor: &'a Actor,
    now: Timestamp,
    tx: WriteTx,
    enqueued: bool,
    scopes: Vec<Scope>,
    records: Vec<Record>,
}

impl<'a> Change<'a> {
    pub(crate) fn new(site: &'a Site, actor: &'a Actor, now: Timestamp, tx: WriteTx) -> Self {
        Self { site, actor, now, tx, enqueued: false, scopes: Vec::new(), records: Vec::new() }
    }

    /// The site that is changed.
    #[must_use]
    pub fn site(&self) -> &'a Site {
        self.site
    }

    /// Who changes it.
    #[must_use]
    pub fn actor(&self) -> &'a Actor {
        self.actor
    }

    /// The instant of the change: the same for all that it writes.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Asks for side work, to start as soon as the change is committed. `key` as in [`NewJob::key`].
    pub async fn enqueue<K: JobKind>(&mut self, key: Option<&str>, payload: &K::Payload) -> Result<JobId, StoreError> {
        self.enqueue_at::<K>(key, payload, self.now).await
    }

    /// What the job of this kind and key that waits is to do; `None` when none waits.
    pub async fn waiting<K: JobKind>(&mut self, key: &str) -> Result<Option<K::Payload>, StoreError> {
        let payload = dray_store::job::waiting(&mut self.tx, K::KIND, key).await?;
        Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// Asks for side work, not before `run_at`.
    pub async fn enqueue_at<K: JobKind>(
        &mut self,
        key: Option<&str>,
        payload: &K::Payload,
        run_at: Timestamp,
    ) -> Result<JobId, StoreError> {
        let payload = serde_json::to_string(payload).expect("payloads are plain structs, which serialise");
        let job = NewJob { id: random::job_id(), kind: K::KIND, key, payload: &payload, run_at, created_at: self.now };
        self.enqueued = true;
        dray_store::job::enqueue(&mut self.tx, &job).await
    }

    /// The change concerns them: after the commit, here at once and in other processes within a second, they look again.
    pub(crate) fn concerns(&mut self, scope: Scope) {
        self.scopes.push(scope);
    }

    /// The release that the advertisements of a package offer changed.
    pub(crate) async fn concerns_package(&mut self, package: &Name) -> Result<(), StoreError> {
        let collections = advertisement::collections_of_package(&mut self.tx, package).await?;
        self.scopes.extend(collections.into_iter().map(Scope::Offers));
        let points = dray_store::point::of_package(&mut self.tx, package).await?;
        self.scopes.extend(points.into_iter().map(Scope::Point));
        Ok(())
    }

    /// What points are to hold of a content changed.
    pub(crate) async fn concerns_points_with(&mut self, content: &Digest) -> Result<(), StoreError> {
        let points = dray_store::point::of_content(&mut self.tx, content).await?;
        self.scopes.extend(points.into_iter().map(Scope::Point));
        Ok(())
    }

    /// Evaluates a collection. Devices whose offers change because of it are concerned.
    pub(crate) async fn evaluate(&mut self, id: i64) -> Result<collection::Evaluation, StoreError> {
        let names_devices = advertisement::reaches(&mut self.tx, id).await?;
        let evaluation = collection::evaluate(&mut self.tx, id, self.now, names_devices).await?;
        if names_devices && evaluation.changed() {
            self.scopes.extend(feed::moved(id, evaluation.devices.as_deref()));
        }
        Ok(evaluation)
    }

    /// These memberships began or ended. Those of collections that nothing is advertised to concern nobody.
    pub(crate) async fn concerns_members(&mut self, moved: &[Membership]) -> Result<(), StoreError> {
        let collections: BTreeSet<_> = moved.iter().map(|membership| membership.collection).collect();
        let reached = advertisement::reached(&mut self.tx, &collections).await?;
        let devices: BTreeSet<_> =
            moved.iter().filter(|moved| reached.contains(&moved.collection)).map(|moved| moved.device).collect();
        self.scopes.extend(devices.into_iter().map(Scope::Device));
        Ok(())
    }

    /// A new object joins the scope that its maker works in.
    pub(crate) async fn join_scope(&mut self, kind: ScopedKind, name: &Name) -> Result<(), StoreError> {
        if let Some(scope) = self.actor.scope() {
            let object = ScopeObject { kind, name: name.clone() };
            dray_store::scope::add(&mut self.tx, scope, &object).await?;
        }
        Ok(())
    }

    /// Records what was done to one object, for the audit log.
    pub fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// What was recorded so far: a change that is dropped instead of committed was a preview, and this says of what.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Appends what was recorded to the audit log, makes the change lasting, and wakes those that wait for it: workers, clients, points.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(());
        }
        let actor = self.actor;
        self.append(records.iter().map(|record| (actor, record))).await?;
        self.commit_unrecorded().await
    }

    /// Commits what several actors did together, with a record of each.
    pub(crate) async fn commit_of_many(mut self, records: &[(Actor, Record)]) -> Result<(), StoreError> {
        self.append(records.iter().map(|(actor, record)| (actor, record))).await?;
        self.commit_unrecorded().await
    }

    async fn append<'r>(&mut self, records: impl Iterator<Item = (&'r Actor, &'r Record)>) -> Result<(), StoreError> {
        let records: Vec<_> = records.map(|(actor, record)| (actor.to_string(), record.action(), record)).collect();
        let entries: Vec<_> = records
            .iter()
            .map(|(actor, action, record)| Entry {
                at: self.now,
                actor,
                action,
                object_kind: record.object.kind.as_str(),
                object_name: &record.object.name,
                detail: &record.detail,
            })
            .collect();
        audit::append_all(&mut self.tx, &entries).await
    }

    /// For changes of the system to its own bookkeeping, which nobody asks the audit log about.
    pub(crate) async fn commit_unrecorded(mut self) -> Result<(), StoreError> {
        let sequence = match self.scopes.as_slice() {
            [] => None,
            scopes => Some(feed::publish(&mut self.tx, scopes, self.now).await?),
        };
        self.tx.commit().await?;
        if self.enqueued {
            self.site.wake_workers();
        }
        if let Some(sequence) = sequence {
            self.site.feed().committed(self.site, sequence, &self.scopes);
        }
        Ok(())
    }
}

impl Deref for Change<'_> {
    type Target = WriteTx;

    fn deref(&self) -> &WriteTx {
        &self.tx
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut WriteTx {
        &mut self.tx
    }
}

#[cfg(test)]
mod tests;
