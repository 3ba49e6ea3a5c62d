//! What can go wrong between us and a site or point, and what that means for the caller.
//!
//! A message names the address and what was attempted. The cause is the source and isn't repeated.

use std::time::Duration;

use dray_model::api::problem::Problem;
use dray_model::cause;

use crate::address::InvalidBaseUrl;

/// Whatever an I/O library calls its error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address can't be used.
    #[error(transparent)]
    Address(InvalidBaseUrl),
    /// No connection: the name, the network or the port.
    #[error("cannot reach {url}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why.
        source: BoxError,
    },
    /// No connection, no answer, or no next piece of the answer in time.
    #[error("{url} did not answer within {} s", .after.as_secs())]
    Timeout {
        /// What was asked for.
        url: String,
        /// How long we waited.
        after: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection to {url} was lost")]
    Interrupted {
        /// What was asked for.
        url: String,
        /// Why.
        source: BoxError,
    },
    /// The other end has no certificate of the authority that we trust.
    #[error("the server at {url} did not prove that it belongs to this site")]
    Untrusted {
        /// What was asked for.
        url: String,
        /// What is wrong with the certificate.
        source: BoxError,
    },
    /// The other end does not let us in: no, an expired or a revoked certificate or token, or a right that is missing.
    #[error("{url} denied access: {refusal}")]
    Denied {
        /// What was asked for.
        url: String,
        /// In its words.
        refusal: Box<Refusal>,
    },
    /// The other end understood and refused.
    #[error("{url} refused the request: {refusal}")]
    Refused {
        /// What was asked for.
        url: String,
        /// In its words.
        refusal: Box<Refusal>,
    },
    /// The answer is not what was asked for: not the promised form, length or digest.
    #[error("the answer from {url} is damaged: {what}")]
    Damaged {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The answer is larger than we take.
    #[error("the answer from {url} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// Our own key, certificate or token can't be used.
    #[error("cannot use our own {what}")]
    Identity {
        /// Which part.
        what: &'static str,
        /// Why.
        source: BoxError,
    },
}

/// A refusal in the words of the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status; 0 when the connection was refused below HTTP.
    pub status: u16,
    /// A stable word for programs, like `name_taken`; `http_<status>` when the other end gave none.
    pub code: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// What was attempted, and on what.
    pub detail: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Id of the request, to be found in the server's log.
    pub request_id: Option<String>,
    /// How long the other end wants to be left alone.
    pub retry_after: Option<Duration>,
}

/// What an error means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// May work later without anybody's doing.
    Retryable,
    /// What was asked for does not exist there.
    Absent,
    /// We are not let in.
    Denied,
    /// The other end is broken or not what it claims to be.
    Damaged,
    /// The same request will be refused again.
    Permanent,
}

impl ClientError {
    /// What the error means for the caller.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Interrupted { .. } => ErrorClass::Retryable,
            Self::Denied { .. } => ErrorClass::Denied,
            Self::Refused { refusal, .. } => refusal.class(),
            Self::Untrusted { .. } | Self::Damaged { .. } | Self::TooLarge { .. } => ErrorClass::Damaged,
            Self::Address(_) | Self::Identity { .. } => ErrorClass::Permanent,
        }
    }

    /// The refusal, where the other end gave one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Denied { refusal, .. } | Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// The error and its causes in one line, for logs and reports.
    #[must_use]
    pub fn in_full(&self) -> String {
        cause::in_full(self)
    }
}

impl Refusal {
    /// What a refusal means for the caller: by its status.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.status {
            408 | 425 | 429 | 500..=599 => ErrorClass::Retryable,
            404 | 410 => ErrorClass::Absent,
            0 | 401 | 403 => ErrorClass::Denied,
            _ => ErrorClass::Permanent,
        }
    }

    pub(crate) fn from_problem(problem: Problem, status: u16, retry_after: Option<Duration>) -> Self {
        Self {
            status,
            code: problem.code,
            title: problem.title,
            detail: Some(problem.detail).filter(|detail| !detail.is_empty()),
            hint: problem.hint,
            request_id: problem.request_id,
            retry_after,
        }
    }

    /// For an answer that explains nothing.
    pub(crate) fn bare(status: u16, title: &str, retry_after: Option<Duration>) -> Self {
        let (code, title) = (format!("http_{status}"), title.to_owned());
        Self { status, code, title, detail: None, hint: None, request_id: None, retry_after }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.detail.as_ref().unwrap_or(&self.title))?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> ClientError {
        let refusal = Box::new(Refusal::bare(status, "no", None));
        ClientError::Refused { url: "https://site".to_owned(), refusal }
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        for status in [408, 429, 500, 502, 503] {
            assert_eq!(refused(status).class(), ErrorClass::Retryable, "{status}");
        }
        for status in [400, 409, 412, 422] {
            assert_eq!(refused(status).class(), ErrorClass::Permanent, "{status}");
        }
        assert_eq!(refused(404).class(), ErrorClass::Absent);
    }

    #[test]
    fn an_error_in_full_names_its_causes_once() {
        let source = std::io::Error::other("no route");
        let error = ClientError::Unreachable { url: "https://site".to_owned(), source: source.into() };
        assert_eq!(error.in_full(), "cannot reach https://site: no route");
    }
}
