//! How a point is, for `dray point status`: kept in `summary.json` while the point runs.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dray_client::BaseUrl;
use dray_content::durable::{self, Readers};
use dray_model::point::PointContentState;
use dray_model::{Digest, Name, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::PointError;

/// The only form of the file so far.
const FORMAT: u32 = 1;

/// How a point is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub(crate) format: u32,
    /// When this was written; a running point writes it at least each minute.
    pub at: Timestamp,
    /// The point's name.
    pub point: Name,
    /// The site's name.
    pub site: Name,
    /// The site's address.
    pub site_url: BaseUrl,
    /// Address and port to listen on for clients.
    pub listening: SocketAddr,
    /// Whether the site answers.
    pub contact: Contact,
    /// What is assigned, and where the point is with it.
    pub contents: Vec<ContentSummary>,
    /// Objects that are here, verified.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that are free on the disk, where known.
    pub free_bytes: Option<u64>,
    /// Requests answered since the start.
    pub served_requests: u64,
    /// Bytes sent since the start.
    pub served_bytes: u64,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentSummary {
    /// The package.
    pub package: Name,
    /// Its source version.
    pub source_version: u32,
    /// Its content.
    pub content: Digest,
    /// Where the point is with it.
    pub state: PointContentState,
}

/// Whether the site answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "contact")]
pub enum Contact {
    /// It was not asked yet.
    #[default]
    None,
    /// It answered.
    Connected {
        /// Since when it answers.
        since: Timestamp,
    },
    /// It does not answer.
    Away {
        /// Since when.
        since: Timestamp,
        /// What goes wrong.
        reason: String,
    },
}

impl Contact {
    /// The site answered; says whether that is news.
    pub(crate) fn made(&mut self, at: Timestamp) -> bool {
        let is_news = !matches!(self, Self::Connected { .. });
        if is_news {
            *self = Self::Connected { since: at };
        }
        is_news
    }

    /// The site did not answer; says whether that is news.
    pub(crate) fn lost(&mut self, at: Timestamp, reason: &str) -> bool {
        let since = match self {
            Self::Away { reason: known, .. } if known == reason => return false,
            Self::Away { since, .. } => *since,
            _ => at,
        };
        *self = Self::Away { since, reason: reason.to_owned() };
        true
    }
}

impl Summary {
    pub(crate) const FORMAT: u32 = FORMAT;

    /// Reads the summary of the point in `folder`; `None` when it never ran.
    ///
    /// # Errors
    /// [`PointError::Folder`] or [`PointError::Damaged`].
    pub fn read(folder: &Path) -> Result<Option<Self>, PointError> {
        let path = path(folder);
        let read = durable::read(&path).map_err(PointError::folder("read", &path))?;
        let Some(bytes) = read else { return Ok(None) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(summary) if summary.format == FORMAT => Ok(Some(summary)),
            Ok(summary) => {
                let what = format!("its format is {}, but this version of Dray reads format {FORMAT}", summary.format);
                Err(PointError::Damaged { path, what })
            }
            Err(error) => Err(PointError::Damaged { path, what: error.to_string() }),
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), PointError> {
        let path = path(folder);
        let bytes = serde_json::to_vec_pretty(self).expect("names and numbers have a JSON form");
        durable::replace(&path, &bytes, Readers::All).map_err(PointError::folder("write", path))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("summary.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read_whatever_version_of_the_point_wrote_it() {
        for contact in [
            serde_json::json!({ "contact": "none" }),
            serde_json::json!({ "contact": "connected", "since": "2026-11-24T12:00:00Z" }),
            serde_json::json!({ "contact": "away", "since": "2026-11-24T12:00:00Z", "reason": "no route" }),
        ] {
            let name = format!("summary_{}", contact["contact"].as_str().unwrap());
            let content = blake3::hash(b"tree").to_hex().to_string();
            let summary = serde_json::json!({
                "format": 1, "at": "2026-11-24T12:00:00Z", "point": "berlin", "site": "main",
                "site_url": "https://dray.example.org:8441", "listening": "0.0.0.0:8442", "contact": contact,
                "contents": [{
                    "package": "editor", "source_version": 3, "content": content, "state": { "state": "installed" },
                }],
                "objects": 9, "bytes": 1000, "free_bytes": 5000, "served_requests": 3, "served_bytes": 700,
            });
            let summary: Summary = serde_json::from_value(summary).unwrap();
            dray_golden::check(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_VERSION"), &name, &summary, &["state"]);
        }
    }

    #[test]
    fn contact_is_news_only_when_it_changes() {
        let at = Timestamp::from_secs;
        let mut contact = Contact::None;
        assert!(contact.made(at(1)) && !contact.made(at(2)));
        assert!(contact.lost(at(3), "no route") && !contact.lost(at(4), "no route"));
        assert!(contact.lost(at(5), "refused"));
        assert_eq!(contact, Contact::Away { since: at(3), reason: "refused".to_owned() });
        assert!(contact.made(at(6)));
    }
}
