//! Deletes a package that nothing depends on. Its content leaves the content store by a job, and points by their next look.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::package::PackageView;
use dray_store::{Snapshot, content, job, package, point};

use super::list::look_up;
use super::{PackageError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::content::Sweep;
use crate::record::Record;
use crate::site::Site;

/// Deletes the package, with its releases and its places on points.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`ObjectError::InUse`](crate::ObjectError::InUse) with all that depends on
/// it.
pub async fn delete(site: &Site, actor: &Actor, name: &Name) -> Result<(), PackageError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Package)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The package to delete.
pub(crate) struct Plan(PackageView);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, PackageError> {
    let former = look_up(snapshot, actor, Permission::Manage(ObjectKind::Package), name).await?;
    let advertisements = package::advertisements(snapshot, name).await?;
    object(name).expect_unused(advertisements.iter().map(crate::advertisement::object).collect())?;
    Ok(Plan(former))
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), PackageError> {
    let Plan(former) = plan;
    let now = change.now();
    if let Some(publishing) = former.publishing {
        // One that runs already finds no package and ends.
        job::cancel(change, publishing, now).await?;
    }
    change.concerns_package(&former.name).await?;
    package::delete(change, &former.name).await?;
    content::forget_unused(change).await?;
    point::forget_unassigned(change, None).await?;
    Sweep::soon(change).await?;
    change.record(Record::deleted(object(&former.name), &former));
    Ok(())
}
