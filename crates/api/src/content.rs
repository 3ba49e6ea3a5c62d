//! `/api/v1/content`: what the store holds, whether it is whole, and looking after it, for administrators.
//! `/client/v1/content`: manifests, packs and updates at the site itself, whole or a range, for devices and points.
//!
//! The same paths below the base as at a distribution point. Objects never change, so the name is the entity tag.

mod range;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dray_model::Digest;
use dray_model::api::content::{ContentDamage, ContentStats};
use dray_model::api::package::JobStarted;
use dray_site::content::{self, ContentError, ObjectName, Opened};
use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, MemberIdentity};
use crate::extract::{Json, Path};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

/// What caches may do with an answer that never changes: keep it for a year, and never ask again.
pub(crate) const IMMUTABLE: &str = "private, max-age=31536000, immutable";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<ContentError>(
        OpenApiRouter::new()
            .routes(routes!(stats))
            .routes(routes!(damage))
            .routes(routes!(verify))
            .routes(routes!(sweep)),
    )
}

/// Count what the content store holds.
#[utoipa::path(get, path = "/content", tag = "content", operation_id = "content_stats", responses((status = 200, body = ContentStats)))]
async fn stats(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<ContentStats>, ApiError> {
    Ok(Json(content::stats(&api.site, &actor).await?))
}

/// List the objects of the content store that are known to be damaged or missing.
#[utoipa::path(get, path = "/content/damage", tag = "content", operation_id = "content_damage", responses((status = 200, body = ContentDamage)))]
async fn damage(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<ContentDamage>, ApiError> {
    Ok(Json(content::damage(&api.site, &actor).await?))
}

/// Read every object of the content store, record what is damaged or missing, and repair what can be repaired.
#[utoipa::path(post, path = "/content/verify", tag = "content", operation_id = "verify_content", responses((status = 202, body = JobStarted)))]
async fn verify(State(api): State<Api>, Caller(actor): Caller) -> Result<(StatusCode, Json<JobStarted>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(content::verify(&api.site, &actor).await?)))
}

/// Delete unused objects from the content store.
#[utoipa::path(post, path = "/content/sweep", tag = "content", operation_id = "sweep_content", responses((status = 202, body = JobStarted)))]
async fn sweep(State(api): State<Api>, Caller(actor): Caller) -> Result<(StatusCode, Json<JobStarted>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(content::sweep(&api.site, &actor).await?)))
}

/// Objects themselves, for anyone who carries them elsewhere or brings them back.
pub(crate) fn streaming_routes() -> OpenApiRouter<Api> {
    failing::<ContentError>(OpenApiRouter::new().routes(routes!(object, restore)))
}

/// Download an object of the content store.
#[utoipa::path(get, path = "/content/objects/{kind}/{digest}", tag = "content", operation_id = "content_object", params(("kind" = inline(ObjectKind), Path), ("digest" = Digest, Path)), responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn object(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((kind, digest)): Path<(ObjectKind, Digest)>,
) -> Result<Response, ApiError> {
    let name = object_name(kind, digest)?;
    Ok(answer(&name, false, content::open(&api.site, &actor, &name, None).await?))
}

/// Upload a replacement for an object of the content store that is known to be damaged or missing.
#[utoipa::path(put, path = "/content/objects/{kind}/{digest}", tag = "content", operation_id = "restore_content_object", params(("kind" = inline(ObjectKind), Path), ("digest" = Digest, Path)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204)))]
async fn restore(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((kind, digest)): Path<(ObjectKind, Digest)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let name = object_name(kind, digest)?;
    let body = body.into_data_stream().map_err(std::io::Error::other);
    content::restore(&api.site, &actor, &name, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The kinds of objects, by the names of their folders.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum ObjectKind {
    Manifests,
    Packs,
    Updates,
    ManifestDifferences,
}

impl ObjectKind {
    fn folder(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Packs => "packs",
            Self::Updates => "updates",
            Self::ManifestDifferences => "manifest-differences",
        }
    }
}

fn object_name(kind: ObjectKind, digest: Digest) -> Result<ObjectName, ApiError> {
    let name: Result<ObjectName, _> = format!("{}/{digest}", kind.folder()).parse();
    name.map_err(|error| ApiError::new(StatusCode::NOT_FOUND, "not_found", error.to_string()))
}

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/content/{kind}/{digest}", get(client_object).head(client_object_head))
}

async fn client_object(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path((kind, digest)): Path<(ObjectKind, Digest)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    send(&api, &identity, object_name(kind, digest)?, &headers).await
}

async fn client_object_head(
    State(api): State<Api>,
    identity: MemberIdentity,
    Path((kind, digest)): Path<(ObjectKind, Digest)>,
) -> Result<Response, ApiError> {
    describe(&api, &identity, object_name(kind, digest)?).await
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
    Ok(answer(&name, wanted.is_some(), opened))
}

fn answer(name: &ObjectName, in_part: bool, opened: Opened) -> Response {
    let Opened { size_bytes, range, body } = opened;
    let mut headers = common(name);
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let status = if in_part {
        let text = format!("bytes {}-{}/{size_bytes}", range.start, range.end.saturating_sub(1));
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&text).expect("digits are legal in a header"));
        StatusCode::PARTIAL_CONTENT
    } else {
        StatusCode::OK
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
