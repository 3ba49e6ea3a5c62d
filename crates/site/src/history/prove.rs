//! A device claims to hold a policy that the site doesn't remember, and proves it.

use std::time::Duration;

use dray_model::DeviceId;
use dray_model::history::Holds;
use dray_model::policy::Policy;
use dray_model::readable::Readable;
use dray_store::StoreError;
use dray_trust::{Role, open_document};
use tokio::sync::SemaphorePermit;

use super::HistoryError;
use super::returns::{Found, returns};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// How long a proof waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The right to have a proof looked at; few have it at the same time.
#[derive(Debug)]
pub struct ProofTurn<'a>(#[expect(dead_code, reason = "it is given back when this is dropped")] SemaphorePermit<'a>);

/// Whether what a device claims to hold can't have been signed in the history that the database has. A look-up as a rule; the database is
/// asked before a claim is doubted.
///
/// # Errors
/// The database's.
pub async fn doubts(site: &Site, holds: Holds) -> Result<bool, StoreError> {
    if !site.history().contradicts(holds) {
        return Ok(false);
    }
    site.history().refresh(&mut site.db().read().await?).await?;
    Ok(site.history().contradicts(holds))
}

/// Waits for a turn. The one that has it looks again whether the proof is still needed: mostly it isn't, because another came first.
///
/// # Errors
/// [`HistoryError::Busy`].
pub async fn turn(site: &Site) -> Result<ProofTurn<'_>, HistoryError> {
    let turn = tokio::time::timeout(PATIENCE, site.history().turns.acquire()).await;
    turn.map_err(|_| HistoryError::Busy)?.map(ProofTurn).map_err(|_| HistoryError::Busy)
}

/// Takes the policy that the calling device holds, in its envelope, as proof. Once the signature holds, the policy counts for what it
/// says; when that doesn't fit the site's history, the site returns.
///
/// # Errors
/// [`HistoryError::Signature`], [`HistoryError::NotOurs`], [`HistoryError::Number`].
pub async fn prove(
    site: &Site,
    actor: &Actor,
    device: DeviceId,
    envelope: &[u8],
    _turn: &ProofTurn<'_>,
) -> Result<(), HistoryError> {
    actor.authorise(Permission::ActAsDevice)?;
    let policy = open(site, device, envelope)?;
    let holds = Holds::of(&policy);
    if doubts(site, holds).await? {
        let found = Found { by: device, holds, signed_at: policy.issued_at };
        returns(site, &found).await?;
    }
    Ok(())
}

fn open(site: &Site, device: DeviceId, envelope: &[u8]) -> Result<Policy, HistoryError> {
    let opened = open_document(envelope, None, &site.keys().trusted(), Role::Policy);
    match opened.map_err(HistoryError::Signature)? {
        Readable::Known(policy) if policy.device == device => Ok(policy),
        Readable::<Policy>::Known(_) | Readable::Newer(_) | Readable::Damaged(_) => Err(HistoryError::NotOurs(device)),
    }
}
