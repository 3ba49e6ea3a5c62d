//! Idempotency keys of administrators' requests; see [`dray_store::idempotency`] for the rules.

use dray_model::Digest;
pub use dray_store::idempotency::{Answer, Reservation};

use crate::actor::Actor;
use crate::error::SiteError;
use crate::site::Site;

/// Reserves `key` for the actor's request with this digest.
///
/// # Errors
/// The database's.
pub async fn reserve(site: &Site, actor: &Actor, key: &str, request: &Digest) -> Result<Reservation, SiteError> {
    let mut tx = site.db().write_beside_others().await?;
    let reservation = dray_store::idempotency::reserve(&mut tx, &actor.to_string(), key, request, site.now()).await?;
    tx.commit().await?;
    Ok(reservation)
}

/// Keeps the answer to a reserved key, or gives the key back when there is none to keep.
///
/// # Errors
/// The database's.
pub async fn settle(site: &Site, actor: &Actor, key: &str, answer: Option<Answer>) -> Result<(), SiteError> {
    let mut tx = site.db().write_beside_others().await?;
    match answer {
        Some(answer) => dray_store::idempotency::complete(&mut tx, &actor.to_string(), key, &answer).await?,
        None => dray_store::idempotency::release(&mut tx, &actor.to_string(), key).await?,
    }
    tx.commit().await?;
    Ok(())
}
