//! Enrolment of a point: once for each folder, with a token made for this point.

use std::path::Path;

use dray_client::{BaseUrl, HttpLimits, client_api};
use dray_model::Name;
use dray_model::api::client::{EnrolledIdentity, MemberKind};

use crate::error::PointError;
use crate::folder::Folder;
use crate::identity::Identity;

/// Enrols the point in `folder` at the site and keeps its identity there. The key is made here and never leaves the folder.
///
/// # Errors
/// [`PointError::AlreadyEnrolled`] when the folder is a point already, [`PointError::Enrol`] when the site can't be reached or refuses,
/// as it does with a token for devices; [`PointError::NotAPoint`] when it makes us something else.
pub async fn enrol(folder: &Path, site: &BaseUrl, token: &str, limits: HttpLimits) -> Result<Name, PointError> {
    let folder = Folder::open(folder)?;
    if let Some(identity) = Identity::read(folder.root())? {
        let (path, site) = (folder.root().to_owned(), identity.site_url.to_string());
        return Err(PointError::AlreadyEnrolled { path, name: identity.name, site });
    }
    // A point's name comes from its token; the site makes nothing of the host name.
    let enrolment = client_api::enrol(site, token, (MemberKind::Point, "point"), limits).await?;
    let enrolled = enrolment.enrolled;
    let EnrolledIdentity::Point { name } = enrolled.identity else { return Err(PointError::NotAPoint) };
    let names = (enrolled.site, name.clone());
    Identity::new(site.clone(), names, enrolled.authority, enrolled.certificate, enrolment.key_pem).write(&folder)?;
    Ok(name)
}
