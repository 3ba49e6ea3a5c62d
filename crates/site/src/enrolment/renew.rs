//! A new certificate for the same identity, before the old one ends.

use dray_model::api::client::{RenewRequest, Renewed};

use super::{EnrolmentError, certificate};
use crate::actor::{Actor, Permission};
use crate::error::SiteError;
use crate::site::Site;

/// Issues another certificate to a device or point that shows a good one. The old one stays valid until it ends.
///
/// # Errors
/// [`EnrolmentError::Certificate`], [`EnrolmentError::UnknownPoint`].
pub async fn renew(site: &Site, actor: &Actor, request: RenewRequest) -> Result<Renewed, EnrolmentError> {
    let certificate = match actor {
        Actor::Device(id) => certificate::for_device(site, &request.csr, *id)?.0,
        Actor::Point(name) => {
            let mut snapshot = site.db().read().await?;
            let issued = certificate::for_point(site, &mut snapshot, &request.csr, name).await?;
            issued.ok_or_else(|| EnrolmentError::UnknownPoint(name.clone()))?
        }
        _ => return Err(SiteError::Denied { actor: actor.to_string(), permission: Permission::ActAsDevice }.into()),
    };
    Ok(Renewed { certificate })
}
