//! Has an advertised program run once more: the next revision, with an assignment for now.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::Timestamp;
use dray_model::advertisement::{AdvertisementTerms, Assignment};
use dray_model::api::advertisement::AdvertisementView;
use dray_schedule::{Phase, Schedule, Zone};
use dray_store::Snapshot;

use super::AdvertisementError;
use super::change::{Plan, apply, in_force};
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Adds an assignment for now. Whether a device that ran the program runs it again is for the rerun rule.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`AdvertisementError::Expired`].
pub async fn rerun(site: &Site, actor: &Actor, name: &Name) -> Result<AdvertisementView, AdvertisementError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Advertisement)).await?;
    let now = change.now();
    let plan = check(&mut change, actor, name, now).await?;
    let changed = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(changed)
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    name: &Name,
    now: Timestamp,
) -> Result<Plan, AdvertisementError> {
    let former = in_force(snapshot, actor, Permission::Manage(ObjectKind::Advertisement), name).await?;
    if let Phase::Over(expired) = Schedule::new(&former.terms, &Zone::UTC).phase(now) {
        return Err(AdvertisementError::Expired { name: name.clone(), expired });
    }
    let mut terms = former.terms.clone();
    terms.assignments = with_assignment_at(terms.assignments, now)?;
    Ok(Plan { verb: "rerun", former, terms })
}

/// Where there is no room, the new assignment takes the place of the earliest one that has come: clients that missed it run
/// once for both.
fn with_assignment_at(mut assignments: Vec<Assignment>, now: Timestamp) -> Result<Vec<Assignment>, AdvertisementError> {
    let new = Assignment::At { time: now };
    if assignments.contains(&new) {
        return Ok(assignments);
    }
    if assignments.len() >= AdvertisementTerms::MAX_ASSIGNMENTS {
        let past = assignments.iter().copied().filter(|one| matches!(one, Assignment::At { time } if *time <= now));
        let earliest = past.min().ok_or(AdvertisementError::TooManyAssignments(assignments.len() + 1))?;
        assignments.retain(|one| *one != earliest);
    }
    assignments.push(new);
    Ok(assignments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Assignment {
        Assignment::At { time: Timestamp::from_secs(secs) }
    }

    #[test]
    fn a_full_advertisement_gives_up_its_earliest_assignment_of_the_past() {
        let mut full: Vec<_> = (1..=14).map(at).collect();
        full.push(Assignment::AsSoonAsPossible);
        let now = with_assignment_at(full, Timestamp::from_secs(20)).unwrap();
        assert_eq!(now.len(), 15);
        assert!(!now.contains(&at(1)) && now.contains(&at(2)) && now.contains(&Assignment::AsSoonAsPossible));
    }

    #[test]
    fn an_advertisement_full_of_the_future_has_no_room() {
        let full: Vec<_> = (10..25).map(at).collect();
        let refused = with_assignment_at(full, Timestamp::from_secs(5));
        assert!(matches!(refused, Err(AdvertisementError::TooManyAssignments(16))));
    }
}
