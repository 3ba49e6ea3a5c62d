//! Extractors whose refusals are problems: [`Json`], [`Given`], [`Message`], [`Path`], [`Query`] and [`Paging`].
//!
//! JSON bodies hold as many bytes as the site's limits allow, and 128 levels (serde_json's own limit).

mod numbers;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dray_model::api::page::{MAX_LIMIT, Page, PageRequest};
use dray_model::excerpt::quoted;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::problem::ApiError;

/// Longest cursor that is read, in characters.
const CURSOR_MAX: usize = 512;

/// A JSON body, in or out. What people and their programs send is read to the letter: a field that isn't known is refused, wherever it
/// stands, because it may be a mistyped one.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (request, body) = buffered(request, state).await?;
        let axum::Json(value) = axum::Json::from_request(request, state).await.map_err(|error| json_error(&error))?;
        refuse_unknown_fields::<T>(&body)?;
        Ok(Self(value))
    }
}

/// A JSON body, or what goes without saying when there is none. As strict as [`Json`].
#[derive(Debug)]
pub struct Given<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Given<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (request, body) = buffered(request, state).await?;
        match Option::<axum::Json<Option<T>>>::from_request(request, state).await {
            Ok(Some(axum::Json(value))) => {
                refuse_unknown_fields::<Option<T>>(&body)?;
                Ok(Self(value.unwrap_or_default()))
            }
            Ok(None) => Ok(Self(T::default())),
            Err(rejection) => Err(json_error(&rejection)),
        }
    }
}

/// A JSON body of a client or a point, which may be newer than the site: what isn't known of it is ignored.
#[derive(Debug)]
pub struct Message<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::from_request(buffered(request, state).await?.0, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(json_error(&rejection)),
        }
    }
}

/// The request with its body in memory, and that body, with whole numbers written as such: to JSON Schema `3.0` is an integer, and to
/// some programs too.
async fn buffered<S: Send + Sync>(request: Request, state: &S) -> Result<(Request, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    // Extractors find the limit of the body in the extensions.
    let bodied = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(bodied, state).await.map_err(|error| json_error(&error.into()))?;
    let bytes = numbers::whole(&bytes).map_or(bytes, Bytes::from);
    Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes))
}

fn refuse_unknown_fields<T: DeserializeOwned>(body: &[u8]) -> Result<(), ApiError> {
    let mut unknown: Option<String> = None;
    let mut note = |path: serde_ignored::Path<'_>| {
        // Optional values have a `?` in their path.
        unknown.get_or_insert_with(|| path.to_string().replace("?.", ""));
    };
    // The body was read before: it can be read again.
    let _ = serde_ignored::deserialize::<_, _, T>(&mut serde_json::Deserializer::from_slice(body), &mut note);
    match unknown {
        None => Ok(()),
        Some(field) => {
            let detail = format!("the body has an unknown field: {}", quoted(&field));
            Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_body", detail))
        }
    }
}

fn json_error(rejection: &JsonRejection) -> ApiError {
    let code = match rejection {
        JsonRejection::MissingJsonContentType(_) => "not_json",
        JsonRejection::BytesRejection(_) => "unreadable_body",
        _ => "invalid_body",
    };
    let (status, code) = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
        // JSON of another form than described: no more and no less wrong than what isn't JSON.
        StatusCode::UNPROCESSABLE_ENTITY => (StatusCode::BAD_REQUEST, code),
        status => (status, code),
    };
    ApiError::new(status, code, rejection.body_text())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Parameters of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(value)| Self(value)).map_err(|rejection: PathRejection| {
            ApiError::new(StatusCode::NOT_FOUND, "not_found", rejection.body_text())
        })
    }
}

/// Parameters of the query.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let found = axum::extract::Query::from_request_parts(parts, state).await;
        found.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection: QueryRejection| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", rejection.body_text())
        })
    }
}

/// `?limit=&cursor=` of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Maximum number of items; 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next` from the previous page.
    #[param(min_length = 1, max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// The page that is asked for.
#[derive(Debug)]
pub struct Paging(pub PageRequest);

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(query) = Query::<PageQuery>::from_request_parts(parts, state).await?;
        let after = query.cursor.as_deref().map(read_cursor).transpose()?;
        if let Some(limit) = query.limit.filter(|limit| !(1..=MAX_LIMIT).contains(limit)) {
            let detail = format!("the limit must be between 1 and {MAX_LIMIT}, not {limit}");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_limit", detail));
        }
        Ok(Self(PageRequest::new(query.limit, after)))
    }
}

/// The answer to a list request: the key in `next` becomes a cursor.
pub fn page<T>(mut page: Page<T>) -> Json<Page<T>> {
    page.next = page.next.map(|key| BASE64_URL_SAFE_NO_PAD.encode(key.as_bytes()));
    Json(page)
}

fn read_cursor(text: &str) -> Result<String, ApiError> {
    let bytes = if text.is_empty() || text.len() > CURSOR_MAX {
        None
    } else {
        BASE64_URL_SAFE_NO_PAD.decode(text.as_bytes()).ok()
    };
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "no_page", "unknown cursor")
            .with_hint("send `next` from the previous page, unaltered")
    })
}
