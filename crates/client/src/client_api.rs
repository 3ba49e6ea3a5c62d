//! What a device or a point says to its site: `/client/v1`, with a client certificate.
//!
//! One file for each kind of request; [`enrol`] is the one that needs no certificate. Held requests (policy, assignments) are
//! answered when there is news or after the time asked for, see [`Held`]. Nothing is tried twice here: when to try again is for
//! the caller's decisions, by [`ErrorClass`](crate::ErrorClass).

mod document;
mod enrol;
mod facts;
mod locations;
mod point;
mod policy;
mod renew;
mod status;

use std::time::Duration;

use ::http::Method;
use ::http::StatusCode;
use ::http::header::{HeaderName, HeaderValue, IF_NONE_MATCH};

pub use enrol::{EnrolError, Enrolment, enrol};
pub use point::POINT_REPORTS_MAX;
pub use policy::Introduction;
pub use renew::Renewal;
pub use status::STATUS_BATCH_MAX;

use crate::address::{BaseUrl, PathAndQuery};
use crate::error::ClientError;
use crate::http::{Answer, Call, HttpClient};

/// Longest time that the site holds a request, in seconds.
pub const WAIT_MAX_S: u32 = 600;

/// The site as its clients see it.
#[derive(Debug, Clone)]
pub struct ClientApi {
    site: BaseUrl,
    http: HttpClient,
}

/// The answer to a held request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held<T> {
    /// Nothing new in the time asked for.
    NotModified,
    /// Something else than what the ETag named.
    Changed {
        /// Names this state in the next request.
        etag: String,
        /// The new state.
        value: T,
    },
}

impl ClientApi {
    /// The site at `site`, asked over `http`, which must show the client's certificate.
    #[must_use]
    pub fn new(site: BaseUrl, http: HttpClient) -> Self {
        Self { site, http }
    }

    /// Where the site is.
    #[must_use]
    pub fn site(&self) -> &BaseUrl {
        &self.site
    }

    /// The connections to the site and to points: one identity for all.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Base of the objects' addresses at the site itself.
    ///
    /// # Errors
    /// [`ClientError::Address`], which the form of a [`BaseUrl`] leaves no room for.
    pub fn site_content(&self) -> Result<BaseUrl, ClientError> {
        self.site.below("/client/v1/content")
    }

    fn call(&self, method: Method, path: &str) -> Result<Call<'_>, ClientError> {
        Ok(self.http.call(method, self.site.join(path)?))
    }

    /// Asks for what `path` holds once it is not what `etag` names, for at most `wait_s` seconds.
    async fn held(
        &self,
        path: &str,
        etag: Option<&str>,
        wait_s: u32,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Held<Answer>, ClientError> {
        let wait_s = wait_s.min(WAIT_MAX_S);
        let path = PathAndQuery::new(path).query("wait_s", wait_s);
        let mut call = self.call(Method::GET, path.as_str())?.wait(Duration::from_secs(wait_s.into()));
        call = headers.into_iter().fold(call, |call, (name, value)| call.header(name, value));
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            call = call.header(IF_NONE_MATCH, etag);
        }
        let answer = call.send().await?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Held::NotModified);
        }
        Ok(Held::Changed { etag: answer.etag()?, value: answer })
    }
}
