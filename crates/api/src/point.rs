//! `/api/v1/points`: distribution points and the packages on them; what points and devices ask is in [`client`].

mod client;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dray_model::Name;
use dray_model::api::page::Page;
use dray_model::api::point::{ChangePoint, CreatePoint, PointPackageView, PointView};
use dray_site::point::{self, PointError};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use client::{client_routes, held_routes};

use crate::authentication::Caller;
use crate::etag::{IfMatch, etag};
use crate::extract::{Json, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<PointError>(
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, change, delete))
            .routes(routes!(packages))
            .routes(routes!(assign, unassign)),
    )
}

/// List distribution points by name.
#[utoipa::path(get, path = "/points", tag = "points", operation_id = "list_points", params(PageQuery), responses((status = 200, body = Page<PointView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<PointView>>, ApiError> {
    Ok(page(point::list(&api.site, &actor, &request).await?))
}

/// Create a distribution point. It enrols with a token created for it.
#[utoipa::path(post, path = "/points", tag = "points", operation_id = "create_point", request_body = CreatePoint, responses((status = 201, body = PointView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreatePoint>,
) -> Result<Response, ApiError> {
    let made = point::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, etag(made.revision), Json(made)).into_response())
}

/// Show a distribution point.
#[utoipa::path(get, path = "/points/{name}", tag = "points", operation_id = "show_point", params(("name" = Name, Path)), responses((status = 200, body = PointView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let found = point::find(&api.site, &actor, &name).await?;
    Ok((etag(found.revision), Json(found)))
}

/// Change a distribution point.
#[utoipa::path(patch, path = "/points/{name}", tag = "points", operation_id = "change_point", params(("name" = Name, Path), IfMatch), request_body = ChangePoint, responses((status = 200, body = PointView)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    IfMatch(revision): IfMatch,
    Json(command): Json<ChangePoint>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = point::change(&api.site, &actor, &name, revision, command).await?;
    Ok((etag(changed.revision), Json(changed)))
}

/// Delete a distribution point. Clients are no longer sent to it.
#[utoipa::path(delete, path = "/points/{name}", tag = "points", operation_id = "delete_point", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    point::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the packages assigned to a distribution point, and their state.
#[utoipa::path(get, path = "/points/{name}/packages", tag = "points", operation_id = "list_point_packages", params(("name" = Name, Path), PageQuery), responses((status = 200, body = Page<PointPackageView>)))]
async fn packages(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Paging(request): Paging,
) -> Result<Json<Page<PointPackageView>>, ApiError> {
    Ok(page(point::packages(&api.site, &actor, &name, &request).await?))
}

/// Assign a package to a distribution point. Nothing changes if it is already assigned.
#[utoipa::path(put, path = "/points/{name}/packages/{package}", tag = "points", operation_id = "assign_package", params(("name" = Name, Path), ("package" = Name, Path)), responses((status = 204)))]
async fn assign(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((name, package)): Path<(Name, Name)>,
) -> Result<StatusCode, ApiError> {
    point::assign(&api.site, &actor, &name, &package).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unassign a package from a distribution point. Nothing changes if it is not assigned.
#[utoipa::path(delete, path = "/points/{name}/packages/{package}", tag = "points", operation_id = "unassign_package", params(("name" = Name, Path), ("package" = Name, Path)), responses((status = 204)))]
async fn unassign(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((name, package)): Path<(Name, Name)>,
) -> Result<StatusCode, ApiError> {
    point::unassign(&api.site, &actor, &name, &package).await?;
    Ok(StatusCode::NO_CONTENT)
}
