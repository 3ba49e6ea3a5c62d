//! Held requests: how long to wait, what the caller has, and the tag of what it gets.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use dray_model::Digest;
use http::request::Parts;
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
///
/// Held requests take this and not the headers, which would keep all that was read of the connection in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known(pub(crate) Option<Digest>);

impl<S: Send + Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(known(&parts.headers)))
    }
}

fn known(headers: &HeaderMap) -> Option<Digest> {
    headers.get(header::IF_NONE_MATCH)?.to_str().ok()?.trim_start_matches("W/").trim_matches('"').parse().ok()
}

/// The header that names an answer.
pub(crate) fn tag(digest: Digest) -> (HeaderName, String) {
    (header::ETAG, format!("\"{digest}\""))
}
