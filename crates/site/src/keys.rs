//! The site's keys: its certificate authority and one signing key for each role of document.
//!
//! They are files in `DIR/keys`, readable by their owner alone. All are read when the site opens, so a missing one shows at once.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dray_model::{Name, Timestamp};
use dray_trust::certificate::AuthorityError;
use dray_trust::keys::InvalidSigningKey;
use dray_trust::{CertificateAuthority, Role, SigningKey, TrustedKeys};

const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";

/// The site's keys.
pub struct SiteKeys {
    authority: CertificateAuthority,
    signing: BTreeMap<Role, SigningKey>,
}

/// A key that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file can't be read or written.
    #[error("cannot read or write the key file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        source: std::io::Error,
    },
    /// The certificate authority.
    #[error("cannot use the site's certificate authority")]
    Authority(#[from] AuthorityError),
    /// A signing key.
    #[error("there is no signing key in {path}")]
    Signing {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: InvalidSigningKey,
    },
}

impl SiteKeys {
    /// Generates all keys.
    ///
    /// # Errors
    /// [`KeyError::Authority`].
    pub fn generate(site: &Name, now: Timestamp) -> Result<Self, KeyError> {
        let signing = Role::ALL.into_iter().map(|role| (role, SigningKey::generate())).collect();
        Ok(Self { authority: CertificateAuthority::generate(site, now)?, signing })
    }

    /// Reads all keys from `folder`.
    ///
    /// # Errors
    /// [`KeyError`] for the first that cannot be read or written.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let authority =
            CertificateAuthority::from_pem(&read(&folder.join(CA_CERTIFICATE))?, &read(&folder.join(CA_KEY))?)?;
        let mut signing = BTreeMap::new();
        for role in Role::ALL {
            let path = folder.join(file_name(role));
            let key = SigningKey::from_pem(&read(&path)?)
                .map_err(|source| KeyError::Signing { path: path.clone(), source })?;
            signing.insert(role, key);
        }
        Ok(Self { authority, signing })
    }

    /// Writes all keys into `folder`, which it makes. Refuses to overwrite one.
    ///
    /// # Errors
    /// [`KeyError::File`].
    pub fn save(&self, folder: &Path) -> Result<(), KeyError> {
        fs::create_dir_all(folder).map_err(|source| KeyError::File { path: folder.to_owned(), source })?;
        write(&folder.join(CA_CERTIFICATE), self.authority.ca_pem())?;
        write(&folder.join(CA_KEY), &self.authority.key_pem())?;
        self.signing.iter().try_for_each(|(role, key)| write(&folder.join(file_name(*role)), &key.to_pem()))
    }

    /// The site's certificate authority.
    #[must_use]
    pub fn authority(&self) -> &CertificateAuthority {
        &self.authority
    }

    /// The key that signs documents of `role`.
    #[must_use]
    pub fn signing(&self, role: Role) -> &SigningKey {
        self.signing.get(&role).expect("both constructors fill every role")
    }

    /// What clients are told to trust at their enrolment.
    #[must_use]
    pub fn trusted(&self) -> TrustedKeys {
        self.signing.iter().fold(TrustedKeys::new(), |trusted, (role, key)| {
            trusted.with_role(*role, [*key.public_key()], 1).expect("one key reaches a threshold of one")
        })
    }
}

fn file_name(role: Role) -> &'static str {
    match role {
        Role::Release => "release.key",
        Role::Advertisement => "advertisement.key",
        Role::Policy => "policy.key",
    }
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

/// Writes a file that its owner alone may read, from its first byte on.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), KeyError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written =
        options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|source| KeyError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_nobody_else_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SiteKeys::generate(&"site".parse().unwrap(), Timestamp::from_secs(1_800_000_000)).unwrap();
        keys.save(folder.path()).unwrap();
        let read = SiteKeys::load(folder.path()).unwrap();
        assert_eq!(read.authority().fingerprint(), keys.authority().fingerprint());
        assert_eq!(read.signing(Role::Policy).id(), keys.signing(Role::Policy).id());
        #[cfg(unix)]
        for entry in fs::read_dir(folder.path()).unwrap() {
            let mode = std::os::unix::fs::PermissionsExt::mode(&entry.unwrap().metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(keys.save(folder.path()).is_err(), "a key was overwritten");
    }
}
