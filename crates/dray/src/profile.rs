//! The profile: which site the administrator's commands talk to, with which token, and which authority proves the site.
//!
//! A TOML file with `url`, `token` and `ca`. It holds a secret, so it is written for its owner alone, whole or not at all. The
//! authority's certificate stands in it, or the path of a PEM file does; without one, the fingerprint in the token is the proof.

use std::path::{Path, PathBuf};

use dray_client::BaseUrl;
use dray_content::durable::{self, Readers};
use serde::{Deserialize, Serialize};

use crate::error::{Exit, Failure, Outcome};

/// Largest profile that is read: a certificate chain and a token have room many times over.
const SIZE_MAX: u64 = 256 * 1024;

const LOG_IN: &str = "write one with dray login --url https://SITE:8440 --token TOKEN, or use the admin.toml that dray site init writes to the site's folder";

/// How to reach and prove a site, and who we are there.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The administrators' address of the site.
    pub(crate) url: BaseUrl,
    /// The administrator's token.
    pub(crate) token: String,
    /// The authority's certificate as PEM text, or the path of a PEM file, relative to the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<String>,
}

impl Profile {
    /// Where the profile is, by the command line and the environment's conventions.
    pub(crate) fn path(chosen: Option<&Path>) -> Outcome<PathBuf> {
        if let Some(path) = chosen {
            return Ok(path.to_owned());
        }
        let base = std::env::var_os("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| std::env::home_dir().map(|home| home.join(".config")));
        base.map(|base| base.join("dray/profile.toml")).ok_or_else(|| {
            Failure::usage("cannot find the profile: there is no home folder").hint("give its path with --profile FILE")
        })
    }

    /// Reads the profile in `path`, with the authority's certificate in it.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let attempt = || format!("cannot read the profile {}", path.display());
        let text = read_small(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::new(Exit::Usage, format!("there is no profile at {}", path.display())).hint(LOG_IN)
            }
            _ => Failure::failed(attempt()).because(&error),
        })?;
        let mut profile: Self = toml::from_str(&text).map_err(|error| {
            // The text around the mistake may be the token: the message and the line are all that is repeated.
            Failure::new(Exit::Usage, format!("{}: {}", attempt(), error.message().trim())).hint(LOG_IN)
        })?;
        if let Some(ca) = profile.ca.as_mut().filter(|ca| !ca.contains("-----BEGIN")) {
            let file = path.parent().unwrap_or(Path::new(".")).join(&*ca);
            *ca = read_small(&file).map_err(|error| {
                Failure::failed(format!("cannot read the certificate {} named in the profile", file.display()))
                    .because(&error)
            })?;
        }
        Ok(profile)
    }

    /// Writes the profile to `path` for its owner alone; what was there before stays until the new one is complete.
    pub(crate) fn write(&self, path: &Path) -> Outcome {
        let attempt = format!("cannot write the profile {}", path.display());
        let text = toml::to_string(self).map_err(|error| Failure::failed(&attempt).because(&error))?;
        write_private(path, text.as_bytes()).map_err(|error| Failure::failed(&attempt).because(&error))
    }
}

fn read_small(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > SIZE_MAX {
        return Err(std::io::Error::other(format!("it has {size} bytes, the limit is {SIZE_MAX}")));
    }
    std::fs::read_to_string(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    durable::replace(path, bytes, Readers::Owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile { url: "https://site:8440".parse().unwrap(), token: "dray-admin.x.y".into(), ca: None }
    }

    #[test]
    fn a_profile_reads_back_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/profile.toml");
        profile().write(&path).unwrap();
        assert_eq!(Profile::read(&path).unwrap().token, "dray-admin.x.y");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_certificate_may_stand_beside_the_profile() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
        let path = folder.path().join("profile.toml");
        Profile { ca: Some("ca.pem".into()), ..profile() }.write(&path).unwrap();
        assert_eq!(Profile::read(&path).unwrap().ca.as_deref(), Some("-----BEGIN CERTIFICATE-----"));
    }

    #[test]
    fn a_missing_profile_says_how_to_make_one() {
        let failure = Profile::read(Path::new("/nowhere/profile.toml")).err().unwrap();
        assert_eq!(failure.exit(), Exit::Usage);
    }

    #[test]
    fn a_damaged_profile_does_not_show_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        std::fs::write(&path, "url = 3\ntoken = \"dray-admin.geheim\"\n").unwrap();
        let sentence = Profile::read(&path).err().unwrap().sentence();
        assert!(!sentence.contains("geheim"), "{sentence}");
    }
}
