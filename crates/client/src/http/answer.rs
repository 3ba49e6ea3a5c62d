//! An answer: its head as it came, its body read within limits.

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, RETRY_AFTER};
use ::http::{HeaderMap, HeaderName, Response, StatusCode};
use bytes::{Bytes, BytesMut};
use dray_model::api::problem::{PROBLEM_JSON, Problem};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::fault;
use crate::error::{ClientError, Refusal};
use crate::limits::HttpLimits;

/// Longest `Retry-After` that we follow; a server that asks for more is asked again after this.
const RETRY_AFTER_MAX_S: u64 = 3600;

pub(crate) struct Answer {
    url: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    limits: Arc<HttpLimits>,
}

impl Answer {
    pub(super) fn new(url: String, response: Response<Incoming>, limits: Arc<HttpLimits>) -> Self {
        let (head, body) = response.into_parts();
        Self { url, status: head.status, headers: head.headers, body, limits }
    }

    /// Lets 2xx and 304 pass and turns everything else into an error.
    pub(super) async fn usable(self) -> Result<Self, ClientError> {
        if self.status.is_success() || self.status == StatusCode::NOT_MODIFIED {
            return Ok(self);
        }
        Err(self.into_refusal().await)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A header field that is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The ETag, which an answer to be asked for again must have.
    pub(crate) fn etag(&self) -> Result<String, ClientError> {
        let etag = self.header(&ETAG).filter(|etag| etag.len() <= 256);
        etag.map(str::to_owned).ok_or_else(|| self.damaged("it has no ETag"))
    }

    /// The body as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        let (url, limit) = (self.url.clone(), self.limits.json_bytes_max);
        let body = self.bytes(limit).await?;
        serde_json::from_slice(&body)
            .map_err(|error| ClientError::Damaged { url, what: format!("it is not the expected JSON: {error}") })
    }

    /// The body, when it has at most `limit` bytes.
    pub(crate) async fn bytes(mut self, limit: u64) -> Result<Bytes, ClientError> {
        let too_large = |url| ClientError::TooLarge { url, limit };
        let announced = self.announced_length();
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(self.url));
        }
        // Room for what was announced, but no more than a megabyte before it is there.
        let mut body =
            BytesMut::with_capacity(announced.map_or(0, |length| usize::try_from(length.min(1 << 20)).unwrap_or(0)));
        while let Some(piece) = self.piece().await? {
            if body.len() as u64 + piece.len() as u64 > limit {
                return Err(too_large(self.url));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// The next piece of the body.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, ClientError> {
        let after = self.limits.body_idle_timeout;
        loop {
            match tokio::time::timeout(after, self.body.frame()).await {
                Err(_) => return Err(ClientError::Timeout { url: self.url.clone(), after }),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(fault::of_body(self.url.clone(), error)),
                Ok(Some(Ok(frame))) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }

    /// The length that the head announces.
    pub(crate) fn announced_length(&self) -> Option<u64> {
        self.header(&CONTENT_LENGTH)?.parse().ok()
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> ClientError {
        ClientError::Damaged { url: self.url.clone(), what: what.into() }
    }

    async fn into_refusal(self) -> ClientError {
        let (url, status) = (self.url.clone(), self.status);
        let retry_after = self
            .header(&RETRY_AFTER)
            .and_then(|text| text.parse().ok())
            .map(|secs: u64| Duration::from_secs(secs.min(RETRY_AFTER_MAX_S)));
        let is_problem = self.header(&CONTENT_TYPE).is_some_and(|kind| kind.starts_with(PROBLEM_JSON));
        let limit = self.limits.problem_bytes_max;
        let problem = match is_problem {
            // An explanation that can't be read doesn't hide the refusal.
            true => self.bytes(limit).await.ok().and_then(|body| serde_json::from_slice::<Problem>(&body).ok()),
            false => None,
        };
        let refusal = Box::new(match problem {
            Some(problem) => Refusal::from_problem(problem, status.as_u16(), retry_after),
            None => Refusal::bare(status.as_u16(), status.canonical_reason().unwrap_or("refused"), retry_after),
        });
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ClientError::Denied { url, refusal },
            _ => ClientError::Refused { url, refusal },
        }
    }
}
