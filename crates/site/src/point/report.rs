//! Takes down where a point is with what it is to hold.

use dray_model::Name;
use dray_model::point::{PointContentState, PointReport};
use dray_store::point;

use super::PointError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Most contents in one report.
pub const REPORTS_MAX: usize = 1000;
/// Longest kept reason of a failure, in characters.
const REASON_MAX: usize = 500;

/// Keeps the reports of the calling point `name`. What it is not to hold is passed over.
///
/// # Errors
/// [`PointError::TooMany`], [`PointError::Unknown`].
pub async fn report(site: &Site, actor: &Actor, name: &Name, mut reports: Vec<PointReport>) -> Result<(), PointError> {
    actor.authorise(Permission::ActAsPoint)?;
    if reports.len() > REPORTS_MAX {
        return Err(PointError::TooMany { what: "contents", found: reports.len(), max: REPORTS_MAX });
    }
    reports.iter_mut().for_each(shorten);
    let mut tx = site.db().write_beside_others().await?;
    let now = site.now();
    if !point::seen(&mut tx, name, now).await? {
        return Err(PointError::Unknown(name.clone()));
    }
    point::report(&mut tx, name, &reports, now).await?;
    let relieved = point::forget_unassigned(&mut tx, Some(name)).await?;
    tx.commit().await?;
    if relieved > 0 {
        // The newest content is there, so the former may go.
        site.points_waiting().wake(name);
    }
    Ok(())
}

fn shorten(report: &mut PointReport) {
    if let PointContentState::Failed { reason, .. } = &mut report.state
        && let Some((end, _)) = reason.char_indices().nth(REASON_MAX)
    {
        reason.truncate(end);
    }
}
