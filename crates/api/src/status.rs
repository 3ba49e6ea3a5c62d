//! Status messages: `/client/v1/status` takes them, `/api/v1/status` lists them.

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use dray_model::Name;
use dray_model::api::client::{StatusAnswer, StatusBatch};
use dray_model::api::page::Page;
use dray_model::api::status::StatusView;
use dray_site::Limits;
use dray_site::status::{self, StatusError};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, DeviceIdentity};
use crate::extract::{Json, Message, PageQuery, Paging, Query, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<StatusError>(OpenApiRouter::new().routes(routes!(list)))
}

pub(crate) fn client_routes(limits: &Limits) -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/status", post(receive).layer(DefaultBodyLimit::max(limits.status_bytes.size())))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// Only from the device with this name or id.
    device: Option<Name>,
    /// Only about this advertisement, which may have been withdrawn.
    advertisement: Option<Name>,
}

/// List status messages, newest first.
#[utoipa::path(get, path = "/status", tag = "status", operation_id = "list_status", params(StatusQuery, PageQuery), responses((status = 200, body = Page<StatusView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Query(StatusQuery { device, advertisement }): Query<StatusQuery>,
    Paging(request): Paging,
) -> Result<Json<Page<StatusView>>, ApiError> {
    Ok(page(status::list(&api.site, &actor, device.as_ref(), advertisement, &request).await?))
}

/// Takes a batch of the calling device's messages.
async fn receive(
    State(api): State<Api>,
    identity: DeviceIdentity,
    Message(batch): Message<StatusBatch>,
) -> Result<Json<StatusAnswer>, ApiError> {
    Ok(Json(status::receive(&api.site, &identity.actor(), identity.0, &batch).await?))
}
