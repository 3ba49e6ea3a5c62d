//! Held requests: how long to wait, what the caller has, and the tag of what it gets.

use std::time::Duration;

use dray_model::Digest;
use http::{HeaderMap, HeaderName, header};
use serde::Deserialize;

/// `?wait_s=`: longest time to hold the request, in seconds; more than 600 is 600.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    #[serde(default)]
    wait_s: u32,
}

impl Wait {
    /// As a duration.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.wait_s.into())
    }
}

/// What `If-None-Match` says that the caller has. A tag that isn't ours names nothing.
pub(crate) fn known(headers: &HeaderMap) -> Option<Digest> {
    headers.get(header::IF_NONE_MATCH)?.to_str().ok()?.trim_start_matches("W/").trim_matches('"').parse().ok()
}

/// The header that names an answer.
pub(crate) fn tag(digest: Digest) -> (HeaderName, String) {
    (header::ETAG, format!("\"{digest}\""))
}
