//! The site returns: it goes on from an older copy of itself, and says so.

use dray_model::history::Holds;
use dray_model::{DeviceId, ObjectKind, Timestamp};
use dray_store::feed::{self, Scope};
use dray_store::history::{self, Era, Return};
use dray_store::{StoreError, WriteTx};
use serde_json::{Value, json};

use super::{GAP, HistoryError, judge, known};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::object::Object;
use crate::random;
use crate::record::Record;
use crate::site::Site;

/// What proves that the site must return.
#[derive(Debug)]
pub(super) struct Found {
    /// Who proved it.
    pub(super) by: DeviceId,
    /// What that one holds.
    pub(super) holds: Holds,
    /// When the site signed it.
    pub(super) signed_at: Timestamp,
}

/// Returns, unless somebody was faster.
pub(super) async fn returns(site: &Site, found: &Found) -> Result<(), HistoryError> {
    let Holds { number, .. } = found.holds;
    let held = i64::try_from(number).ok().filter(|number| *number < i64::MAX - 2 * GAP);
    let held = held.ok_or(HistoryError::Number(number))?;
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Site)).await?;
    let (eras, newest) = known::read(&mut change).await?;
    if !judge::contradicts(&eras, newest, found.holds) {
        return Ok(());
    }
    // The copy is older than the proof, and what was noted since is younger.
    let copied_at = history::noted_before(&mut change, found.signed_at).await?.unwrap_or(Timestamp::MIN);
    let (by, signed_at) = (found.by, found.signed_at);
    let cause = format!("{by} holds policy {number}, signed at {signed_at}, which the database does not know");
    Ok(conclude(change, held.max(newest), copied_at, &cause).await?)
}

/// Returns because this process has seen the sequence `seen`, which the database doesn't have any more.
pub(crate) async fn went_back(site: &Site, seen: i64) -> Result<(), StoreError> {
    let now = site.now();
    let mut change = Change::new(site, &Actor::System, now, site.db().write().await?);
    let newest = feed::sequences(&mut change).await?.newest;
    if newest >= seen {
        return Ok(());
    }
    let copied_at = history::noted_before(&mut change, now).await?.unwrap_or(Timestamp::MIN);
    let cause = format!("the database is at change {newest}, and a server has seen change {seen} in it");
    conclude(change, seen, copied_at, &cause).await
}

async fn conclude(mut change: Change<'_>, above: i64, copied_at: Timestamp, cause: &str) -> Result<(), StoreError> {
    let (site, now) = (change.site(), change.now());
    let detail = goes_on(&mut change, above, copied_at, cause, now).await?;
    change.concerns(Scope::Everyone);
    change.record(Record::done(Object::new(ObjectKind::Site, site.name()), "return", detail));
    change.commit().await?;
    site.history().forget();
    tell(cause, copied_at, now);
    Ok(())
}

/// What `dray site restore` knows.
#[derive(Debug)]
pub(crate) struct Restored<'a> {
    /// When the backup was made.
    pub(crate) copied_at: Timestamp,
    /// What was restored, in one sentence.
    pub(crate) cause: &'a str,
    /// Now.
    pub(crate) now: Timestamp,
}

/// The site returns straight away because it was restored. Gives what the audit log is to say.
pub(crate) async fn restored(tx: &mut WriteTx, restored: &Restored<'_>) -> Result<Value, StoreError> {
    let newest = feed::sequences(tx).await?.newest;
    let detail = goes_on(tx, newest, restored.copied_at, restored.cause, restored.now).await?;
    feed::publish(tx, &[Scope::Everyone], restored.now).await?;
    Ok(detail)
}

async fn goes_on(
    tx: &mut WriteTx,
    above: i64,
    copied_at: Timestamp,
    cause: &str,
    now: Timestamp,
) -> Result<Value, StoreError> {
    let former = feed::sequences(tx).await?.newest;
    let sequence = above + GAP;
    history::raise(tx, sequence).await?;
    let returned = Some(Return { copied_at, cause: cause.to_owned() });
    history::begin(tx, &Era { id: random::era_id(), sequence, began_at: now, returned }).await?;
    let tokens = history::revoke_enrolment_tokens(tx, now).await?;
    Ok(json!({
        "former": { "number": former },
        "new": { "number": sequence, "copied_at": copied_at, "cause": cause, "enrolment_tokens_revoked": tokens },
    }))
}

fn tell(cause: &str, copied_at: Timestamp, now: Timestamp) {
    tracing::error!(
        cause,
        %copied_at,
        "the site's database is an older copy of itself; all changes since then are lost, including revocations: see `dray site status`"
    );
    metrics::counter!("dray_site_returns_total").increment(1);
    measure_at(now);
}

/// Puts the last return into the metrics.
pub(super) fn measure(eras: &[Era]) {
    let last = eras.iter().rev().find(|era| era.returned.is_some());
    measure_at(last.map_or(Timestamp::from_secs(0), |era| era.began_at));
}

fn measure_at(at: Timestamp) {
    // A gauge is a float; seconds fit it exactly.
    metrics::gauge!("dray_site_returned_at_seconds").set(at.micros().div_euclid(1_000_000) as f64);
}
