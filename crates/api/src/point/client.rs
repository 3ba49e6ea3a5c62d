//! `/client/v1`: what points ask and report about their duties, and where devices are sent for content.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use dray_model::api::client::{Locations, LocationsRequest, PointReports};
use dray_site::{Site, point};
use http::request::Parts;
use http::uri::Authority;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;

use crate::authentication::{DeviceIdentity, PointIdentity};
use crate::extract::{Json, Message, Query};
use crate::held::{Known, Wait, tag};
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/point/reports", post(report)).route("/locations", post(locations))
}

pub(crate) fn held_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/point/assignments", get(assignments))
}

/// What the calling point should hold, once it differs from what `If-None-Match` names.
async fn assignments(
    State(api): State<Api>,
    identity: PointIdentity,
    Query(wait): Query<Wait>,
    Known(known): Known,
) -> Result<Response, ApiError> {
    let found = point::assignments(&api.site, &identity.actor(), &identity.0, known, wait.duration()).await?;
    Ok(match (found, known) {
        (Some(assigned), _) => {
            let headers = [tag(assigned.tag), (header::CONTENT_TYPE, "application/json".to_owned())];
            (headers, assigned.json).into_response()
        }
        (None, Some(known)) => (StatusCode::NOT_MODIFIED, [tag(known)]).into_response(),
        (None, None) => StatusCode::NOT_MODIFIED.into_response(),
    })
}

/// The state of the calling point.
async fn report(
    State(api): State<Api>,
    identity: PointIdentity,
    Message(PointReports { reports }): Message<PointReports>,
) -> Result<StatusCode, ApiError> {
    point::report(&api.site, &identity.actor(), &identity.0, reports).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where to get contents.
async fn locations(
    State(api): State<Api>,
    identity: DeviceIdentity,
    parts: Parts,
    Message(LocationsRequest { contents }): Message<LocationsRequest>,
) -> Result<Json<Locations>, ApiError> {
    let url = site_url(&api.site, &parts);
    Ok(Json(point::locations(&api.site, &identity.actor(), identity.0, &contents, &url).await?))
}

/// Base of objects' addresses at the site, by the name under which the caller reached it; by the configuration when it named none.
fn site_url(site: &Site, parts: &Parts) -> String {
    let host = || Authority::try_from(parts.headers.get(header::HOST)?.as_bytes()).ok();
    let authority = parts.uri.authority().cloned().or_else(host).map(|authority| authority.to_string());
    let configured = || {
        let config = site.config();
        let address = config.client_addr;
        config.addresses.first().map_or(address.to_string(), |host| format!("{host}:{}", address.port()))
    };
    format!("https://{}/client/v1/content", authority.unwrap_or_else(configured))
}
