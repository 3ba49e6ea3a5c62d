//! Failures on their way out: one mapping from classes to HTTP statuses, one form for all of them.
//!
//! What is our fault is logged here, once, with its causes; the answer says no more than the failure's own sentence.

use axum::response::{IntoResponse, Response};
use dray_model::api::problem::{PROBLEM_JSON, Problem, Span};
use dray_model::cause::in_full;
use dray_site::{Class, Failure};
use http::{HeaderValue, StatusCode, header};

/// A failure to be answered.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    hint: Option<String>,
    span: Option<Span>,
}

impl ApiError {
    /// A failure of the request itself, before any operation.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), hint: None, span: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<F: Failure> From<F> for ApiError {
    fn from(failure: F) -> Self {
        let status = status(failure.class());
        // The causes say what is wrong with a request; of our own failures they stay in the log.
        let detail = if status.is_server_error() {
            tracing::error!(error = &failure as &dyn std::error::Error, code = failure.code(), "an operation failed");
            failure.to_string()
        } else {
            in_full(&failure)
        };
        let span = failure.span().map(|span| Span { start: span.start, end: span.end });
        Self { status, code: failure.code(), detail, hint: failure.hint(), span }
    }
}

/// The status for failures of a class.
pub(crate) fn status(class: Class) -> StatusCode {
    match class {
        Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Denied => StatusCode::FORBIDDEN,
        Class::Absent => StatusCode::NOT_FOUND,
        Class::Unresolved | Class::Conflict => StatusCode::CONFLICT,
        Class::Stale => StatusCode::PRECONDITION_FAILED,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Class::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:dray:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail,
            hint: self.hint,
            span: self.span,
            request_id: crate::observe::request_id(),
        };
        let body = serde_json::to_vec(&problem).expect("a problem is plain texts");
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
