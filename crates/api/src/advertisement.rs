//! `/api/v1/advertisements`: advertisements, and where devices are with them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dray_model::Name;
use dray_model::api::advertisement::{AdvertisementView, ChangeAdvertisement, CreateAdvertisement, DeviceStatusView};
use dray_model::api::page::Page;
use dray_model::state::ClientState;
use dray_site::advertisement::{self, AdvertisementError};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::etag::{IfMatch, etag};
use crate::extract::{Json, PageQuery, Paging, Path, Query, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<AdvertisementError>(
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, change, delete))
            .routes(routes!(rerun))
            .routes(routes!(devices)),
    )
}

/// List advertisements by name.
#[utoipa::path(get, path = "/advertisements", tag = "advertisements", operation_id = "list_advertisements", params(PageQuery), responses((status = 200, body = Page<AdvertisementView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<AdvertisementView>>, ApiError> {
    Ok(page(advertisement::list(&api.site, &actor, &request).await?))
}

/// Advertise a program to a collection. Devices are notified at once.
#[utoipa::path(post, path = "/advertisements", tag = "advertisements", operation_id = "create_advertisement", request_body = CreateAdvertisement, responses((status = 201, body = AdvertisementView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateAdvertisement>,
) -> Result<Response, ApiError> {
    let made = advertisement::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, etag(made.revision.into()), Json(made)).into_response())
}

/// Show an advertisement.
#[utoipa::path(get, path = "/advertisements/{name}", tag = "advertisements", operation_id = "show_advertisement", params(("name" = Name, Path)), responses((status = 200, body = AdvertisementView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let found = advertisement::find(&api.site, &actor, &name).await?;
    Ok((etag(found.revision.into()), Json(found)))
}

/// Change an advertisement by publishing its next revision.
#[utoipa::path(patch, path = "/advertisements/{name}", tag = "advertisements", operation_id = "change_advertisement", params(("name" = Name, Path), IfMatch), request_body = ChangeAdvertisement, responses((status = 200, body = AdvertisementView)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    IfMatch(revision): IfMatch,
    Json(command): Json<ChangeAdvertisement>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = advertisement::change(&api.site, &actor, &name, revision, command).await?;
    Ok((etag(changed.revision.into()), Json(changed)))
}

/// Withdraw an advertisement. Programs that are running are not stopped, and what devices have reported is kept.
#[utoipa::path(delete, path = "/advertisements/{name}", tag = "advertisements", operation_id = "delete_advertisement", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    advertisement::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Run the program again: publish the next revision, with an assignment for now. The rerun rule still applies.
#[utoipa::path(post, path = "/advertisements/{name}/rerun", tag = "advertisements", operation_id = "rerun_advertisement", params(("name" = Name, Path)), responses((status = 200, body = AdvertisementView)))]
async fn rerun(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = advertisement::rerun(&api.site, &actor, &name).await?;
    Ok((etag(changed.revision.into()), Json(changed)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DevicesQuery {
    /// Only devices in this state.
    #[serde(default, deserialize_with = "known_state")]
    state: Option<ClientState>,
}

/// A mistyped state is refused.
fn known_state<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<ClientState>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// List the state of an advertisement's devices, by device id. Members that have not reported yet are left out.
#[utoipa::path(get, path = "/advertisements/{name}/devices", tag = "advertisements", operation_id = "list_advertisement_devices", params(("name" = Name, Path), DevicesQuery, PageQuery), responses((status = 200, body = Page<DeviceStatusView>)))]
async fn devices(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Query(DevicesQuery { state }): Query<DevicesQuery>,
    Paging(request): Paging,
) -> Result<Json<Page<DeviceStatusView>>, ApiError> {
    Ok(page(advertisement::devices(&api.site, &actor, &name, state, &request).await?))
}
