//! `/api/v1/devices` for administrators; `/client/v1/facts` for devices.

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::put;
use dray_model::api::device::DeviceView;
use dray_model::api::page::Page;
use dray_model::facts::Facts;
use dray_model::{Name, Text, requirement};
use dray_site::device::{self, DeviceError, DeviceFilter};
use dray_site::{Limits, facts};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, DeviceIdentity};
use crate::extract::{Json, Message, PageQuery, Paging, Path, Query, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<DeviceError>(
        OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, delete)).routes(routes!(revoke)),
    )
}

pub(crate) fn client_routes(limits: &Limits) -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/facts", put(put_facts).layer(DefaultBodyLimit::max(limits.facts_bytes.size())))
}

/// Which devices.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only devices whose name begins with this.
    #[param(inline)]
    name: Option<Text<64>>,
    /// Only members of this collection.
    collection: Option<Name>,
    /// `true`: only devices that need a newer agent for something.
    #[serde(default)]
    needs_upgrade: bool,
}

/// List devices by name, without facts and collections.
#[utoipa::path(get, path = "/devices", tag = "devices", operation_id = "list_devices", params(Filter, PageQuery), responses((status = 200, body = Page<DeviceView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Query(filter): Query<Filter>,
    Paging(request): Paging,
) -> Result<Json<Page<DeviceView>>, ApiError> {
    let Filter { name, collection, needs_upgrade } = filter;
    let filter = DeviceFilter { prefix: name.map(|text| text.to_string()), collection, needs_upgrade };
    Ok(page(device::list(&api.site, &actor, &filter, &request).await?))
}

/// Show a device by its name or id, with its facts and collections.
#[utoipa::path(get, path = "/devices/{name}", tag = "devices", operation_id = "show_device", params(("name" = Name, Path)), responses((status = 200, body = DeviceView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<DeviceView>, ApiError> {
    Ok(Json(device::find(&api.site, &actor, &name).await?))
}

/// Revoke a device, at once and for good.
#[utoipa::path(post, path = "/devices/{name}/revoke", tag = "devices", operation_id = "revoke_device", params(("name" = Name, Path)), responses((status = 200, body = DeviceView)))]
async fn revoke(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<DeviceView>, ApiError> {
    Ok(Json(device::revoke(&api.site, &actor, &name).await?))
}

/// Delete a revoked device and its facts. The audit log keeps its history.
#[utoipa::path(delete, path = "/devices/{name}", tag = "devices", operation_id = "delete_device", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    device::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the device's facts and its agent's features.
async fn put_facts(
    State(api): State<Api>,
    device: DeviceIdentity,
    headers: HeaderMap,
    Message(facts): Message<Facts>,
) -> Result<StatusCode, ApiError> {
    let features = headers.get(requirement::FEATURES_HEADER).and_then(|value| value.to_str().ok()).unwrap_or("");
    facts::put(&api.site, &device.actor(), facts, requirement::features_in(features)).await?;
    Ok(StatusCode::NO_CONTENT)
}
