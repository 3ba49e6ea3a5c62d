//! Checks terms as they come from people: by themselves, and against what the site holds.

use std::collections::BTreeSet;

use dray_model::ObjectKind;
use dray_model::advertisement::AdvertisementTerms;
use dray_store::{Snapshot, collection, package};

use super::AdvertisementError;
use crate::actor::{Actor, Permission};
use crate::{collection as collections, package as packages};

/// Whether the terms make sense by themselves.
pub(super) fn check_terms(terms: &AdvertisementTerms) -> Result<(), AdvertisementError> {
    let AdvertisementTerms { start, expires, assignments, .. } = terms;
    if let (Some(start), Some(expires)) = (*start, *expires)
        && expires <= start
    {
        return Err(AdvertisementError::ExpiresFirst { start, expires });
    }
    if assignments.len() > AdvertisementTerms::MAX_ASSIGNMENTS {
        return Err(AdvertisementError::TooManyAssignments(assignments.len()));
    }
    let distinct: BTreeSet<_> = assignments.iter().collect();
    if distinct.len() < assignments.len() { Err(AdvertisementError::AssignmentTwice) } else { Ok(()) }
}

/// Whether what the terms name is there, and the actor may advertise to the collection. A package without a release may be advertised:
/// policies wait for its first one.
pub(super) async fn check_names(
    snapshot: &mut Snapshot,
    actor: &Actor,
    terms: &AdvertisementTerms,
) -> Result<(), AdvertisementError> {
    let to = collections::object(&terms.collection);
    actor.authorise_on::<AdvertisementError>(snapshot, Permission::Manage(ObjectKind::Advertisement), &to).await?;
    actor
        .authorise_on::<AdvertisementError>(
            snapshot,
            Permission::Read(ObjectKind::Package),
            &packages::object(&terms.package),
        )
        .await?;
    let found = package::find(snapshot, &terms.package).await?;
    let package = found.ok_or_else(|| packages::object(&terms.package).unresolved("advertise"))?;
    let programs: Vec<_> = package.programs.into_iter().map(|program| program.name).collect();
    if !programs.contains(&terms.program) {
        let (package, program) = (terms.package.clone(), terms.program.clone());
        return Err(AdvertisementError::NoProgram { package, program, programs });
    }
    if collection::find(snapshot, &terms.collection).await?.is_none() {
        return Err(to.unresolved("advertise to").into());
    }
    Ok(())
}
