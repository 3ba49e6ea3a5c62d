//! The site's two files that people may read: `site.toml` (what the site is made of) and `admin.toml` (how to reach it).
//!
//! Unknown keys are refused: a misspelt setting that does nothing is worse than an error.

mod limits;

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dray_model::Name;
use serde::{Deserialize, Serialize};

use crate::content_location::ContentLocation;

pub use limits::{Limit, Limits, OutOfBounds};

/// `site.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// The site's name, part of every certificate; never changes.
    pub name: Name,
    /// `sqlite:PATH`, relative to the site's folder, or `postgres://…`.
    pub database: String,
    /// Where content is kept.
    pub content: ContentLocation,
    /// Where administrators are served.
    pub admin_addr: SocketAddr,
    /// Where clients and points are served.
    pub client_addr: SocketAddr,
    /// Host names and IP addresses under which the server is reached; they stand in its certificate.
    pub addresses: Vec<String>,
    /// How long status messages are kept, in days; at least one.
    #[serde(default = "SiteConfig::default_status_days")]
    pub status_days: NonZeroU32,
    /// What callers may cost a server.
    #[serde(default)]
    pub limits: Limits,
}

/// `admin.toml`: a profile for the administrator's tool.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminProfile {
    /// Address of the administrators' API.
    pub url: String,
    /// An administrator token.
    pub token: String,
    /// Certificate of the site's authority, PEM.
    pub ca: String,
}

/// A file that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It can't be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What stood in the way.
        #[source]
        source: std::io::Error,
    },
    /// It isn't what it should be.
    #[error("{path} is not a valid {what}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Where and why not.
        #[source]
        source: Box<toml::de::Error>,
    },
}

impl SiteConfig {
    /// Name of the file in the site's folder.
    pub const FILE: &'static str = "site.toml";

    /// What `status_days` is by default.
    #[must_use]
    pub fn default_status_days() -> NonZeroU32 {
        const { NonZeroU32::new(90).expect("90 is not 0") }
    }

    /// How long status messages are kept.
    #[must_use]
    pub fn keep_status(&self) -> Duration {
        Duration::from_secs(u64::from(self.status_days.get()) * 24 * 60 * 60)
    }

    /// Reads `DIR/site.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        load(dir.join(Self::FILE), "site configuration")
    }

    /// The database's address with a relative path made absolute.
    #[must_use]
    pub fn database_in(&self, dir: &Path) -> String {
        match self.database.strip_prefix("sqlite:") {
            Some(path) => format!("sqlite:{}", dir.join(path).display()),
            None => self.database.clone(),
        }
    }

    /// The file that should hold the database; `None` when it is a server's.
    #[must_use]
    pub fn database_file_in(&self, dir: &Path) -> Option<PathBuf> {
        self.database.strip_prefix("sqlite:").map(|path| dir.join(path))
    }
}

impl AdminProfile {
    /// Name of the file in the site's folder.
    pub const FILE: &'static str = "admin.toml";

    /// Reads `DIR/admin.toml`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(dir: &Path) -> Result<Self, ConfigError> {
        load(dir.join(Self::FILE), "administrator's profile")
    }
}

impl std::fmt::Debug for AdminProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AdminProfile").field("url", &self.url).finish_non_exhaustive()
    }
}

fn load<T: serde::de::DeserializeOwned>(path: PathBuf, what: &'static str) -> Result<T, ConfigError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(ConfigError::Read { path, source }),
    };
    toml::from_str(&text).map_err(|source| ConfigError::Form { path, what, source: Box::new(source) })
}
