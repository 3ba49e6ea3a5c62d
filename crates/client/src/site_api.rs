//! The administrators' API (`/api/v1`): one method for each operation, in a file for each resource.
//!
//! To add an operation: a method in its resource's file over the helpers here, with the types of `dray_model::api`.
//! Lists come as [`Pages`]. A change takes the revision that it was made from and is refused when there is a newer one.
//! What creates something carries an idempotency key, so that it is safely sent a second time when the connection broke.

mod advertisement;
mod audit;
mod collection;
mod content;
mod device;
mod enrolment_token;
mod job;
mod package;
mod pages;
mod point;
mod quarantine;
mod role;
mod scope;
mod site;
mod status;
mod token;
mod why;

use std::sync::Arc;
use std::time::Duration;

use ::http::Method;
use ::http::header::{AUTHORIZATION, HeaderName, HeaderValue, IF_MATCH};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use content::ObjectBody;
pub use device::DeviceFilter;
pub use job::JobWaitError;
pub use pages::Pages;

use crate::address::{BaseUrl, PathAndQuery};
use crate::error::ClientError;
use crate::http::{Answer, Call, HttpClient};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How often a creation is sent when the connection breaks or times out, with one and the same key.
const CREATE_ATTEMPTS: u32 = 3;
/// Pause before the second time, and how much longer each further one is.
const CREATE_PAUSE: Duration = Duration::from_millis(200);

/// The site as its administrators see it. Clones share their connections.
#[derive(Clone)]
pub struct SiteApi {
    site: BaseUrl,
    http: HttpClient,
    bearer: HeaderValue,
    fresh_key: Arc<dyn Fn() -> String + Send + Sync>,
}

impl SiteApi {
    /// The site at `site`, asked over `http` with an administrator's `token`. `fresh_key` draws idempotency keys: visible ASCII, at
    /// most 64 characters, never the same twice.
    ///
    /// # Errors
    /// [`ClientError::Identity`] when the token's text can't stand in a header.
    pub fn new(
        site: BaseUrl,
        token: &str,
        http: HttpClient,
        fresh_key: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Self, ClientError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|error| ClientError::Identity { what: "token", source: error.into() })?;
        bearer.set_sensitive(true);
        Ok(Self { site, http, bearer, fresh_key: Arc::new(fresh_key) })
    }

    /// Where the site is.
    #[must_use]
    pub fn site(&self) -> &BaseUrl {
        &self.site
    }

    fn call(&self, method: Method, path: &PathAndQuery) -> Result<Call<'_>, ClientError> {
        let url = self.site.join(&format!("/api/v1{}", path.as_str()))?;
        Ok(self.http.call(method, url).header(AUTHORIZATION, self.bearer.clone()))
    }

    async fn get<T: DeserializeOwned>(&self, path: PathAndQuery) -> Result<T, ClientError> {
        self.call(Method::GET, &path)?.send().await?.json().await
    }

    /// Creates or starts something, once, however often the connection breaks.
    async fn post<B: Serialize, T: DeserializeOwned>(&self, path: PathAndQuery, body: &B) -> Result<T, ClientError> {
        self.once(path, body, async |answer| answer.json().await).await
    }

    /// As [`post`](Self::post), where the answer has no body.
    async fn post_quietly<B: Serialize>(&self, path: PathAndQuery, body: &B) -> Result<(), ClientError> {
        self.once(path, body, async |_| Ok(())).await
    }

    async fn once<B: Serialize, T>(
        &self,
        path: PathAndQuery,
        body: &B,
        read: impl AsyncFn(Answer) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let key = HeaderValue::from_str(&(self.fresh_key)())
            .map_err(|error| ClientError::Identity { what: "idempotency key", source: error.into() })?;
        let mut attempt = 1;
        loop {
            let call = self.call(Method::POST, &path)?.header(IDEMPOTENCY_KEY, key.clone()).json(body);
            let done = match call.send().await {
                Ok(answer) => read(answer).await,
                Err(error) => Err(error),
            };
            match done {
                Err(error) if attempt < CREATE_ATTEMPTS && may_have_arrived(&error) => {
                    tokio::time::sleep(CREATE_PAUSE * attempt).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Changes the `revision` of something; refused with `precondition_failed` when there is a newer one.
    async fn change<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: PathAndQuery,
        revision: u64,
        body: &B,
    ) -> Result<T, ClientError> {
        let etag = HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits in quotes are a header value");
        self.call(method, &path)?.header(IF_MATCH, etag).json(body).send().await?.json().await
    }

    async fn put(&self, path: PathAndQuery) -> Result<(), ClientError> {
        self.call(Method::PUT, &path)?.send().await?;
        Ok(())
    }

    async fn delete(&self, path: PathAndQuery) -> Result<(), ClientError> {
        self.call(Method::DELETE, &path)?.send().await?;
        Ok(())
    }

    fn pages<T: DeserializeOwned>(&self, path: PathAndQuery) -> Pages<'_, T> {
        Pages::new(self, path)
    }
}

impl std::fmt::Debug for SiteApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteApi").field("site", &self.site).finish_non_exhaustive()
    }
}

/// Whether the site may have got a request without our having its answer, or is still at work on it.
fn may_have_arrived(error: &ClientError) -> bool {
    match error {
        ClientError::Interrupted { .. } | ClientError::Timeout { .. } => true,
        ClientError::Refused { refusal, .. } => refusal.code == "in_progress",
        _ => false,
    }
}

/// The path of a resource or of what is below it; names, ids and digests need no encoding.
fn path(text: impl Into<String>) -> PathAndQuery {
    PathAndQuery::new(text)
}
