//! `/api/v1/content`: what the store holds, for administrators.
//! `/client/v1/content`: manifests, packs and updates at the site itself, whole or a range, for devices and points.
//!
//! The same paths below the base as at a distribution point. Objects never change, so the name is the entity tag.

mod range;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dray_model::Digest;
use dray_model::api::content::ContentStats;
use dray_site::content::{self, ContentError, ObjectName, Opened, Wanted};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, MemberIdentity};
use crate::extract::{Json, Path};
use crate::problem::ApiError;
use crate::router::Api;

/// What caches may do with an answer that never changes: keep it for a year, and never ask again.
pub(crate) const IMMUTABLE: &str = "private, max-age=31536000, immutable";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(stats))
}

/// Count what the content store holds.
#[utoipa::path(get, path = "/content", tag = "content", operation_id = "content_stats", responses((status = 200, body = ContentStats)))]
async fn stats(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<ContentStats>, ApiError> {
    Ok(Json(content::stats(&api.site, &actor).await?))
}

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .route("/content/manifests/{digest}", get(manifest).head(manifest_head))
        .route("/content/packs/{digest}", get(pack).head(pack_head))
        .route("/content/updates/{digest}", get(update).head(update_head))
}

async fn manifest(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    send(&api, &identity, ObjectName::Manifest(digest), &headers).await
}

async fn pack(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    send(&api, &identity, ObjectName::Pack(digest), &headers).await
}

async fn update(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    send(&api, &identity, ObjectName::Update(digest), &headers).await
}

async fn manifest_head(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
) -> Result<Response, ApiError> {
    describe(&api, &identity, ObjectName::Manifest(digest)).await
}

async fn pack_head(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
) -> Result<Response, ApiError> {
    describe(&api, &identity, ObjectName::Pack(digest)).await
}

async fn update_head(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path(digest): Path<Digest>,
) -> Result<Response, ApiError> {
    describe(&api, &identity, ObjectName::Update(digest)).await
}

async fn send(
    api: &Api,
    identity: &MemberIdentity,
    name: ObjectName,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    if range::is_known(headers, &tag(&name)) {
        content::find(&api.site, &identity.actor(), &name).await?;
        return Ok((StatusCode::NOT_MODIFIED, common(&name)).into_response());
    }
    let wanted = range::wanted(headers, &tag(&name));
    let opened = match content::open(&api.site, &identity.actor(), &name, wanted).await {
        Ok(opened) => opened,
        Err(error @ ContentError::OutOfRange { size_bytes, .. }) => {
            let problem = ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "out_of_range", error.to_string());
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{size_bytes}"))], problem).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    Ok(answer(&name, wanted, opened))
}

fn answer(name: &ObjectName, wanted: Wanted, opened: Opened) -> Response {
    let Opened { size_bytes, range, body } = opened;
    let mut headers = common(name);
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let status = if wanted == Wanted::Whole {
        StatusCode::OK
    } else {
        let text = format!("bytes {}-{}/{size_bytes}", range.start, range.end.saturating_sub(1));
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&text).expect("digits are legal in a header"));
        StatusCode::PARTIAL_CONTENT
    };
    (status, headers, Body::from_stream(body)).into_response()
}

async fn describe(api: &Api, identity: &MemberIdentity, name: ObjectName) -> Result<Response, ApiError> {
    let size_bytes = content::find(&api.site, &identity.actor(), &name).await?;
    let mut headers = common(&name);
    headers.insert(header::CONTENT_LENGTH, size_bytes.into());
    Ok(headers.into_response())
}

fn tag(name: &ObjectName) -> String {
    format!("\"{}\"", name.digest())
}

fn common(name: &ObjectName) -> HeaderMap {
    let tag = HeaderValue::from_str(&tag(name)).expect("digits and quotes are legal in a header");
    HeaderMap::from_iter([
        (header::ETAG, tag),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CACHE_CONTROL, HeaderValue::from_static(IMMUTABLE)),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
    ])
}
