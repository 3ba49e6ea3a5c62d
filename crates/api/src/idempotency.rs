//! `Idempotency-Key` on POST: a repeated request gets the first one's answer instead of a second effect.
//!
//! Only JSON requests take part; uploads resume by themselves. Answers that hold secrets (`Cache-Control: no-store`) and failures of
//! ours are not kept: their key is free again.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dray_model::Digest;
use dray_site::idempotency::{self as keys, Answer, Reservation};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::authentication::Caller;
use crate::problem::ApiError;
use crate::state::Api;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Told with an answer that was kept from before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key.
const KEY_MAX: usize = 255;

/// The layer; it stands behind authentication.
pub(crate) async fn idempotency(
    State(api): State<Api>,
    Caller(actor): Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(key) = key(&request)? else { return Ok(next.run(request).await) };
    let (request, digest) = digest(request, api.site.config().limits.body_bytes.size()).await?;
    match keys::reserve(&api.site, &actor, &key, &digest).await? {
        Reservation::Ours => {}
        Reservation::Answered(answer) => return Ok(replay(answer)),
        Reservation::InProgress => {
            let detail = "another request with this idempotency key is still in progress";
            return Err(ApiError::new(StatusCode::CONFLICT, "in_progress", detail).with_hint("try again in a moment"));
        }
        Reservation::OtherRequest => {
            let detail = "this idempotency key has already been used for a different request";
            return Err(
                ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "key_reused", detail).with_hint("use a new key")
            );
        }
    }
    let (answer, response) = split(next.run(request).await).await?;
    keys::settle(&api.site, &actor, &key, answer).await?;
    Ok(response)
}

/// The key of a request that takes part.
fn key(request: &Request) -> Result<Option<String>, ApiError> {
    let json = request.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind == "application/json");
    let Some(value) = request.headers().get(HEADER).filter(|_| json && request.method() == Method::POST) else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|text| (1..=KEY_MAX).contains(&text.len()));
    let text = text.ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_key",
            "the idempotency key must be 1 to 255 printable ASCII characters",
        )
    })?;
    Ok(Some(text.to_owned()))
}

/// Digest over all that makes the request what it is.
async fn digest(request: Request, body_bytes_max: usize) -> Result<(Request, Digest), ApiError> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, body_bytes_max).await.map_err(|_| {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is too large or incomplete")
    })?;
    let mut text = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    text.extend_from_slice(&body);
    Ok((Request::from_parts(parts, Body::from(body)), Digest::of(&text)))
}

/// The answer to keep, if it is one to keep, and the response to send.
async fn split(response: Response) -> Result<(Option<Answer>, Response), ApiError> {
    let secret = response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store");
    if secret || response.status().is_server_error() {
        return Ok((None, response));
    }
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX)
        .await
        .map_err(|_| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "cannot create the answer"))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answer = Answer { status: parts.status.as_u16(), content_type, body: body.to_vec() };
    Ok((Some(answer), Response::from_parts(parts, Body::from(body))))
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    if let Some(kind) = answer.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
