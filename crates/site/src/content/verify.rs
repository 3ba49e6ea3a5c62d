//! Verifies the content store: each object is read and compared with its name, by itself once in two weeks, and all of them on demand.
//!
//! One object at a time, so that serving keeps the disk and the line to itself as well. What is wrong is noted, told in the log once, and
//! mended right away ([`super::mend`]). When an object was read last is in the database, so a job that is interrupted goes on.

use std::time::Duration;

use dray_content::ObjectName;
use dray_model::ObjectKind;
use dray_model::Timestamp;
use dray_model::api::content::DamageState;
use dray_model::api::package::JobStarted;
use dray_model::count::counted;
use dray_store::content::{StoredObject, damage};
use dray_store::{StoreError, meta};
use futures_util::TryStreamExt as _;
use object_store::{GetResultPayload, ObjectStoreExt as _};
use serde_json::json;

use super::{failed, location, mend, sweep};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::error::SiteError;
use crate::job::{JobFailure, JobKind, Nothing, Progress};
use crate::object::Object;
use crate::record::Record;
use crate::site::Site;

/// One for the whole site.
const KEY: &str = "site";
/// How often each object is read. On a bucket reading costs, and damage on disks is a matter of months.
const EVERY: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Parts in which the store is read meanwhile: one an hour, and some hours in reserve for a site that is down at times.
const PARTS: u64 = 300;
/// Objects that are picked at a time.
const BATCH: u32 = 100;

/// The kind of job.
#[derive(Debug, Clone, Copy)]
pub struct Verify;

/// Asks for all objects to be read now.
///
/// # Errors
/// Only what can happen to any operation.
pub async fn verify(site: &Site, actor: &Actor) -> Result<JobStarted, SiteError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Content))?;
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Content)).await?;
    let now = change.now();
    meta::set(&mut change, meta::VERIFY_SINCE, &now.micros().to_string()).await?;
    let job = change.enqueue::<Verify>(Some(KEY), &Nothing {}).await?;
    let store = Object::new(ObjectKind::Content, "store");
    change.record(Record::done(store, "verify", json!({ "new": { "job": job } })));
    change.commit().await?;
    Ok(JobStarted { job })
}

impl Verify {
    /// Has the next part read, when there is something that wasn't read for long.
    pub(crate) async fn soon(change: &mut Change<'_>) -> Result<(), StoreError> {
        let now = change.now();
        if damage::unread_bytes(change, now - EVERY, now - sweep::UPLOAD_MAX).await? > 0 {
            change.enqueue::<Self>(Some(KEY), &Nothing {}).await?;
        }
        Ok(())
    }
}

impl JobKind for Verify {
    const KIND: &'static str = "content-verify";
    type Payload = Nothing;

    async fn run(&self, site: &Site, _: Nothing, progress: &Progress) -> Result<(), JobFailure> {
        let work = Work::find(site).await?;
        let read = work.read(site, progress).await?;
        let mended = mend::mend(site, progress).await?;
        super::measure(site).await?;
        let left = damage::list(&mut site.db().read().await?).await?.len();
        let objects = counted(read.objects, "object");
        let step = format!("read {objects}, repaired {mended}; {left} still damaged or missing");
        progress.tell(&step, read.bytes, Some(read.bytes));
        Ok(())
    }
}

/// What is to be read.
struct Work {
    /// Objects that were not read since.
    before: Timestamp,
    /// Bytes after which it is enough.
    enough_bytes: u64,
    total_bytes: u64,
}

#[derive(Default)]
struct Read {
    objects: u64,
    bytes: u64,
}

impl Work {
    /// Everything that was not read since somebody asked for it, else a part of what was not read for long.
    async fn find(site: &Site) -> Result<Self, SiteError> {
        let mut snapshot = site.db().read().await?;
        let now = site.now();
        let uploads_since = now - sweep::UPLOAD_MAX;
        let asked = Timestamp::from_micros(meta::number(&mut snapshot, meta::VERIFY_SINCE).await?);
        let asked_bytes = damage::unread_bytes(&mut snapshot, asked, uploads_since).await?;
        if asked_bytes > 0 {
            return Ok(Self { before: asked, enough_bytes: u64::MAX, total_bytes: asked_bytes });
        }
        let before = now - EVERY;
        let enough_bytes = damage::unread_bytes(&mut snapshot, now, uploads_since).await? / PARTS;
        let due_bytes = damage::unread_bytes(&mut snapshot, before, uploads_since).await?;
        Ok(Self { before, enough_bytes, total_bytes: due_bytes.min(enough_bytes) })
    }

    async fn read(&self, site: &Site, progress: &Progress) -> Result<Read, SiteError> {
        let mut read = Read::default();
        loop {
            let uploads_since = site.now() - sweep::UPLOAD_MAX;
            let objects = damage::unread(&mut site.db().read().await?, self.before, uploads_since, BATCH).await?;
            if objects.is_empty() {
                return Ok(read);
            }
            for object in objects {
                if read.bytes > self.enough_bytes {
                    return Ok(read);
                }
                progress.tell("reading objects", read.bytes, Some(self.total_bytes));
                examine(site, &object).await?;
                read.objects += 1;
                read.bytes += object.size_bytes;
            }
        }
    }
}

/// What was found at an object's name.
enum Verdict {
    Good,
    Bad(DamageState, String),
}

async fn examine(site: &Site, object: &StoredObject) -> Result<(), SiteError> {
    let verdict = match object.name.parse() {
        Ok(name) => read(site, name).await?,
        Err(_) => Verdict::Bad(DamageState::Damaged, "its name is not that of an object".to_owned()),
    };
    metrics::counter!("dray_content_verified_bytes_total").increment(object.size_bytes);
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Content)).await?;
    let now = change.now();
    let name = &object.name;
    match verdict {
        Verdict::Good => {
            if damage::note_good(&mut change, name, now).await? {
                tracing::info!(object = name, "repaired a damaged object of the content store");
            }
        }
        Verdict::Bad(state, why) => {
            if damage::note_bad(&mut change, name, state, &why, now).await? {
                tracing::error!(object = name, why, "an object of the content store is {}", state.as_str());
            }
        }
    }
    Ok(change.commit_unrecorded().await?)
}

async fn read(site: &Site, name: ObjectName) -> Result<Verdict, SiteError> {
    let got = match site.content().get(&location(&name)).await {
        Ok(got) => got,
        Err(object_store::Error::NotFound { .. }) => {
            return Ok(Verdict::Bad(DamageState::Missing, "it is missing".to_owned()));
        }
        Err(error) => return Err(failed("read an object")(error)),
    };
    let is_good = match got.payload {
        GetResultPayload::File(mut file, _) => {
            let checked = tokio::task::spawn_blocking(move || name.check(&mut file)).await;
            match checked.map_err(|source| failed("read an object")(object_store::Error::JoinError { source }))? {
                Ok(size) => size.is_some(),
                // A disk that can't give the bytes back has lost them.
                Err(error) => {
                    return Ok(Verdict::Bad(DamageState::Damaged, format!("cannot read it: {error}")));
                }
            }
        }
        GetResultPayload::Stream(mut pieces) => {
            let mut hasher = blake3::Hasher::new();
            while let Some(piece) = pieces.try_next().await.map_err(failed("read an object"))? {
                hasher.update(&piece);
            }
            dray_model::Digest::from(hasher.finalize()) == name.digest()
        }
    };
    let bad = || Verdict::Bad(DamageState::Damaged, "its bytes do not match its name".to_owned());
    Ok(if is_good { Verdict::Good } else { bad() })
}

#[cfg(test)]
mod tests;
