//! Enrolment: the device becomes a member of a site.
//!
//! The identity is written last: a folder without one is not enrolled, whatever a broken attempt left in it.

use dray_client::client_api;
use dray_client::{BaseUrl, ClientError, HttpLimits};
use dray_model::api::client::{EnrolledIdentity, MemberKind};

use super::{Identity, IdentityError};
use crate::facts;
use crate::folder::{Folder, FolderError};
use crate::state::{Store, StoreError};

/// Why an enrolment failed. The device is not enrolled then.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The folder holds an identity already.
    #[error(
        "this device is already enrolled with {site} as {name}; to enrol it again, stop the agent and delete {folder}"
    )]
    AlreadyEnrolled {
        /// The site's address.
        site: BaseUrl,
        /// The device's name there.
        name: String,
        /// The folder.
        folder: std::path::PathBuf,
    },
    /// The folder can't be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The identity can't be kept.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The agent's memory can't be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The site refused or can't be reached.
    #[error("cannot enrol with {site}")]
    Request {
        /// The site's address.
        site: BaseUrl,
        /// What happened.
        #[source]
        source: client_api::EnrolError,
    },
    /// The site answered with what does not make sense.
    #[error("cannot use the site's answer: {0}")]
    Answer(String),
}

/// Enrols this computer at `site` with the text of an enrolment token, and keeps its identity in `folder`.
///
/// # Errors
/// [`EnrolError`]. The token is used up once the site has let us in.
pub async fn enrol(folder: &Folder, site: &BaseUrl, token: &str) -> Result<Identity, EnrolError> {
    folder.create()?;
    let _occupied = folder.occupy()?;
    match Identity::load(folder) {
        Err(IdentityError::NotEnrolled(_)) => {}
        Err(error) => return Err(error.into()),
        Ok(identity) => return Err(already(folder, &identity)),
    }
    // A memory without an identity is left by an enrolment that was broken off; nothing has run by it.
    Store::recreate(&folder.state())?;
    let host_name = facts::host_name();
    let enrolment = client_api::enrol(site, token, (MemberKind::Device, &host_name), HttpLimits::default())
        .await
        .map_err(|source| EnrolError::Request { site: site.clone(), source })?;
    let enrolled = enrolment.enrolled;
    let EnrolledIdentity::Device { id, name } = enrolled.identity else {
        return Err(EnrolError::Answer(
            "it is for a distribution point; use a token that was created for devices".to_owned(),
        ));
    };
    let trusted_keys = serde_json::from_value(enrolled.trusted_keys)
        .map_err(|error| EnrolError::Answer(format!("its trusted keys: {error}")))?;
    let identity = Identity {
        format: Identity::FORMAT,
        site_url: site.clone(),
        site: enrolled.site,
        device: id,
        name,
        key: enrolment.key_pem,
        certificate: enrolled.certificate,
        authority: enrolled.authority,
        trusted_keys,
    };
    identity.site().map_err(|error: ClientError| EnrolError::Answer(error.in_full()))?;
    identity.save(folder)?;
    Ok(identity)
}

fn already(folder: &Folder, identity: &Identity) -> EnrolError {
    EnrolError::AlreadyEnrolled {
        site: identity.site_url.clone(),
        name: identity.name.to_string(),
        folder: folder.path().to_owned(),
    }
}
