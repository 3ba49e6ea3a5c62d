//! Tells a point what it is to hold, at once or as soon as that changes.

use std::time::Duration;

use dray_model::api::client::PointAssignments;
use dray_model::{Digest, Name};
use dray_store::{feed, history, point};
use tokio::time::Instant;

use super::PointError;
use crate::actor::{Actor, Permission};
use crate::policy::HOLD_MAX;
use crate::site::Site;

/// What a point is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// Names this state: the same for the same answer.
    pub tag: Digest,
    /// The answer's JSON.
    pub json: Vec<u8>,
}

/// What the calling point `name` is to hold. With the tag that it knows, waits up to `wait` for another; `None` when there is none.
///
/// # Errors
/// [`PointError::Unknown`].
pub async fn assignments(
    site: &Site,
    actor: &Actor,
    name: &Name,
    known: Option<Digest>,
    wait: Duration,
) -> Result<Option<Assigned>, PointError> {
    actor.authorise(Permission::ActAsPoint)?;
    seen(site, name).await?;
    let (waiting, end) = (site.points_waiting().of(name), Instant::now() + wait.min(HOLD_MAX));
    loop {
        let news = waiting.notified();
        let assigned = look(site, name).await?;
        if known != Some(assigned.tag) {
            return Ok(Some(assigned));
        }
        if tokio::time::timeout_at(end, news).await.is_err() {
            return Ok(None);
        }
    }
}

async fn look(site: &Site, name: &Name) -> Result<Assigned, PointError> {
    let mut snapshot = site.db().read().await?;
    point::find(&mut snapshot, name).await?.ok_or_else(|| PointError::Unknown(name.clone()))?;
    let contents = point::assignments(&mut snapshot, name).await?;
    let number = u64::try_from(feed::sequences(&mut snapshot).await?.newest).unwrap_or(0);
    let returned = history::place(&mut snapshot).await?.returned;
    // The number alone is no news.
    let tag = Digest::of(&json(&(&contents, returned)));
    Ok(Assigned { tag, json: json(&PointAssignments { contents, number, returned }) })
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("assignments are plain texts and numbers")
}

async fn seen(site: &Site, name: &Name) -> Result<(), PointError> {
    let mut tx = site.db().write_beside_others().await?;
    if !point::seen(&mut tx, name, site.now()).await? {
        return Err(PointError::Unknown(name.clone()));
    }
    Ok(tx.commit().await?)
}
