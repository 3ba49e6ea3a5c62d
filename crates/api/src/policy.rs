//! `/client/v1/policy`: the calling device's policy.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use dray_site::policy;
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;

use crate::authentication::DeviceIdentity;
use crate::extract::Query;
use crate::held::{Known, Wait, tag};
use crate::problem::ApiError;
use crate::site::Undoubted;
use crate::state::Api;

pub(crate) fn held_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/policy", get(current))
}

/// The device's policy as a signed envelope, once it differs from the one that `If-None-Match` names.
async fn current(
    State(api): State<Api>,
    identity: DeviceIdentity,
    _: Undoubted,
    Query(wait): Query<Wait>,
    Known(known): Known,
) -> Result<Response, ApiError> {
    let found = policy::current(&api.site, &identity.actor(), identity.0, known, wait.duration()).await?;
    Ok(match (found, known) {
        (Some(policy), _) => {
            let headers = [tag(policy.tag), (header::CONTENT_TYPE, "application/json".to_owned())];
            (headers, policy.envelope).into_response()
        }
        (None, Some(known)) => (StatusCode::NOT_MODIFIED, [tag(known)]).into_response(),
        (None, None) => StatusCode::NOT_MODIFIED.into_response(),
    })
}
