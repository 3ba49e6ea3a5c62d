//! `/api/v1/roles`: what the holders of tokens may do.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dray_model::Name;
use dray_model::api::page::Page;
use dray_model::api::role::{ChangeRole, CreateRole, RoleView};
use dray_site::role::{self, RoleError};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::etag::{IfMatch, etag};
use crate::extract::{Json, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<RoleError>(OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, change, delete)))
}

/// List roles by name.
#[utoipa::path(get, path = "/roles", tag = "roles", operation_id = "list_roles", params(PageQuery), responses((status = 200, body = Page<RoleView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<RoleView>>, ApiError> {
    Ok(page(role::list(&api.site, &actor, &request).await?))
}

/// Create a role. Nobody can grant what they are not allowed to do themselves.
#[utoipa::path(post, path = "/roles", tag = "roles", operation_id = "create_role", request_body = CreateRole, responses((status = 201, body = RoleView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateRole>,
) -> Result<Response, ApiError> {
    let made = role::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, etag(made.revision), Json(made)).into_response())
}

/// Show a role.
#[utoipa::path(get, path = "/roles/{name}", tag = "roles", operation_id = "show_role", params(("name" = Name, Path)), responses((status = 200, body = RoleView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let found = role::find(&api.site, &actor, &name).await?;
    Ok((etag(found.revision), Json(found)))
}

/// Change a role. Tokens with this role have the new rights from the next request on.
#[utoipa::path(patch, path = "/roles/{name}", tag = "roles", operation_id = "change_role", params(("name" = Name, Path), IfMatch), request_body = ChangeRole, responses((status = 200, body = RoleView)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    IfMatch(revision): IfMatch,
    Json(command): Json<ChangeRole>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = role::change(&api.site, &actor, &name, revision, command).await?;
    Ok((etag(changed.revision), Json(changed)))
}

/// Delete a role. No valid token may have it.
#[utoipa::path(delete, path = "/roles/{name}", tag = "roles", operation_id = "delete_role", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    role::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
