//! `/client/v1/documents`: signed envelopes by digest.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dray_model::Digest;
use dray_site::document;
use http::header;
use utoipa_axum::router::OpenApiRouter;

use crate::authentication::DeviceIdentity;
use crate::content::IMMUTABLE;
use crate::extract::Path;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/documents/{digest}", get(show))
}

/// The envelope with this digest. What a digest names never changes.
async fn show(
    State(api): State<Api>,
    identity: DeviceIdentity,
    Path(digest): Path<Digest>,
) -> Result<Response, ApiError> {
    let envelope = document::find(&api.site, &identity.actor(), &digest).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.dsse.envelope.v1+json".to_owned()),
        (header::CACHE_CONTROL, IMMUTABLE.to_owned()),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    Ok((headers, envelope).into_response())
}
