//! Who this device is: the site that it belongs to, its id and name, its key and certificate, and the keys that it trusts.
//!
//! All of it is one file that is replaced as a whole, so that key and certificate always belong together. The key never
//! leaves it. To change a field: raise [`Identity::FORMAT`] and read the former one.

mod enrol;
mod renew;

use std::path::PathBuf;

use dray_client::{BaseUrl, ClientApi, ClientError, HttpClient, HttpLimits};
use dray_content::durable::{self, Readers};
use dray_model::{DeviceId, Name};
use dray_trust::{TrustedKeys, Validity, certificate_validity};
use serde::{Deserialize, Serialize};

use crate::folder::Folder;

pub use enrol::{EnrolError, enrol};
pub use renew::{RenewError, renew};

/// Largest identity that is read, in bytes: a hundred times the usual one.
const BYTES_MAX: u64 = 1 << 20;

/// Who this device is. Its debug form hides the key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The file's format; this is [`Identity::FORMAT`].
    pub format: u32,
    /// Where the site is.
    pub site_url: BaseUrl,
    /// The site's name.
    pub site: Name,
    /// The device's id.
    pub device: DeviceId,
    /// The device's name.
    pub name: Name,
    /// The private key, PEM.
    pub key: String,
    /// The certificate for it, PEM.
    pub certificate: String,
    /// The site's certificate authority, PEM.
    pub authority: String,
    /// Whose signatures on documents count.
    pub trusted_keys: TrustedKeys,
}

/// Why there is no identity to work with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// This device does not belong to a site.
    #[error("this device is not enrolled: {0} does not exist; enrol it with `enrol --site URL --token TOKEN`")]
    NotEnrolled(PathBuf),
    /// The file can't be read or written.
    #[error("cannot {attempt} {path}")]
    File {
        /// What was attempted.
        attempt: &'static str,
        /// On which file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what the agent wrote.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl Identity {
    /// The format that this version writes and reads.
    pub const FORMAT: u32 = 1;

    /// Reads the identity of a folder.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(folder: &Folder) -> Result<Self, IdentityError> {
        let path = folder.identity();
        let damaged = |what: String| IdentityError::Damaged { path: folder.identity(), what };
        let bytes = match std::fs::metadata(&path).map(|meta| meta.len()) {
            Ok(size) if size > BYTES_MAX => return Err(damaged(format!("it has {size} bytes"))),
            Ok(_) => std::fs::read(&path),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(IdentityError::NotEnrolled(path)),
            Err(source) => return Err(IdentityError::File { attempt: "read", path, source }),
        };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(Self::FORMAT) => {}
            Some(format) => {
                return Err(damaged(format!("it has format {format}, which this version of the agent cannot read")));
            }
            None => return Err(damaged("it has no format".to_owned())),
        }
        serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
    }

    /// Writes the identity, instead of the one before.
    ///
    /// # Errors
    /// [`IdentityError::File`]; the one before is still there then.
    pub fn save(&self, folder: &Folder) -> Result<(), IdentityError> {
        let path = folder.identity();
        let bytes = serde_json::to_vec_pretty(self).expect("texts and keys are always JSON");
        durable::replace(&path, &bytes, Readers::Owner).map_err(|source| IdentityError::File {
            attempt: "write",
            path,
            source,
        })
    }

    /// The time in which the certificate is good.
    ///
    /// # Errors
    /// [`IdentityError::Damaged`].
    pub fn validity(&self, folder: &Folder) -> Result<Validity, IdentityError> {
        let damaged = |what: String| IdentityError::Damaged { path: folder.identity(), what };
        certificate_validity(&self.certificate).map_err(|error| damaged(error.to_string()))
    }

    /// The site as this device sees it.
    ///
    /// # Errors
    /// [`ClientError::Identity`] when key, certificate and authority don't belong together.
    pub fn site(&self) -> Result<ClientApi, ClientError> {
        let identity = Some((self.certificate.as_str(), self.key.as_str()));
        let http = HttpClient::trusting(&self.authority, identity, HttpLimits::default())?;
        Ok(ClientApi::new(self.site_url.clone(), http))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("site", &self.site).field("device", &self.device).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder() -> (tempfile::TempDir, Folder) {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::at(temp.path()).unwrap();
        (temp, folder)
    }

    fn identity() -> Identity {
        Identity {
            format: Identity::FORMAT,
            site_url: "https://site.example:8443".parse().unwrap(),
            site: "site".parse().unwrap(),
            device: DeviceId::from_random(7),
            name: "pc-1".parse().unwrap(),
            key: "secret key".into(),
            certificate: "certificate".into(),
            authority: "authority".into(),
            trusted_keys: TrustedKeys::new(),
        }
    }

    #[test]
    fn an_identity_reads_back_and_only_its_owner_may_read_it() {
        let (_temp, folder) = folder();
        assert!(matches!(Identity::load(&folder), Err(IdentityError::NotEnrolled(_))));
        identity().save(&folder).unwrap();
        assert_eq!(Identity::load(&folder).unwrap(), identity());
        assert_eq!(std::fs::metadata(folder.identity()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_identity_of_another_format_or_a_damaged_one_is_refused() {
        let (_temp, folder) = folder();
        identity().save(&folder).unwrap();
        let text = std::fs::read_to_string(folder.identity()).unwrap();
        for bad in [text.replace("\"format\": 1", "\"format\": 2"), text.replace("d-", "x-"), text[..20].to_owned()] {
            std::fs::write(folder.identity(), bad).unwrap();
            assert!(matches!(Identity::load(&folder), Err(IdentityError::Damaged { .. })));
        }
    }

    #[test]
    fn the_debug_form_hides_the_key() {
        assert!(!format!("{:?}", identity()).contains("secret"));
    }
}
