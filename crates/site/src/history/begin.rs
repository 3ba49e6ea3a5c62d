//! Begins an era when a server starts.

use dray_store::feed::Scope;
use dray_store::history::{self, Era};
use dray_store::{feed, quarantine};

use crate::error::SiteError;
use crate::random;
use crate::site::Site;

/// Begins an era. Policies that were signed before have lower numbers, so a copy of the database from before shows from now on.
///
/// # Errors
/// The database's.
pub async fn begin_era(site: &Site) -> Result<(), SiteError> {
    let mut tx = site.db().write().await?;
    let now = site.now();
    let sequence = feed::publish(&mut tx, &[Scope::History], now).await?;
    history::begin(&mut tx, &Era { id: random::era_id(), sequence, began_at: now, returned: None }).await?;
    tx.commit().await?;
    let mut snapshot = site.db().read().await?;
    site.history().refresh(&mut snapshot).await?;
    let (eras, waiting) = (history::eras(&mut snapshot).await?, quarantine::count(&mut snapshot).await?);
    crate::quarantine::measure(waiting);
    super::returns::measure(&eras);
    super::status::remind(&eras, waiting, now);
    Ok(())
}
