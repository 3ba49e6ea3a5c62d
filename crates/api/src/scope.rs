//! `/api/v1/scopes`: parts of the site's objects, for administrators who work on those alone.

use axum::extract::State;
use dray_model::Name;
use dray_model::api::page::Page;
use dray_model::api::scope::{CreateScope, ScopeObject, ScopeView, ScopedKind};
use dray_site::scope::{self, ScopeError};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<ScopeError>(
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, delete))
            .routes(routes!(objects))
            .routes(routes!(add, remove)),
    )
}

/// List scopes by name.
#[utoipa::path(get, path = "/scopes", tag = "scopes", operation_id = "list_scopes", params(PageQuery), responses((status = 200, body = Page<ScopeView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<ScopeView>>, ApiError> {
    Ok(page(scope::list(&api.site, &actor, &request).await?))
}

/// Create an empty scope.
#[utoipa::path(post, path = "/scopes", tag = "scopes", operation_id = "create_scope", request_body = CreateScope, responses((status = 201, body = ScopeView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateScope>,
) -> Result<(StatusCode, Json<ScopeView>), ApiError> {
    Ok((StatusCode::CREATED, Json(scope::create(&api.site, &actor, command).await?)))
}

/// Show a scope.
#[utoipa::path(get, path = "/scopes/{name}", tag = "scopes", operation_id = "show_scope", params(("name" = Name, Path)), responses((status = 200, body = ScopeView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<ScopeView>, ApiError> {
    Ok(Json(scope::find(&api.site, &actor, &name).await?))
}

/// Delete a scope. No valid token may be limited to it. The objects in it are kept.
#[utoipa::path(delete, path = "/scopes/{name}", tag = "scopes", operation_id = "delete_scope", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    scope::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what is in a scope, by kind and name.
#[utoipa::path(get, path = "/scopes/{name}/objects", tag = "scopes", operation_id = "list_scope_objects", params(("name" = Name, Path), PageQuery), responses((status = 200, body = Page<ScopeObject>)))]
async fn objects(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Paging(request): Paging,
) -> Result<Json<Page<ScopeObject>>, ApiError> {
    Ok(page(scope::objects(&api.site, &actor, &name, &request).await?))
}

/// Add an object to a scope. Nothing changes if it is already in it.
#[utoipa::path(put, path = "/scopes/{name}/objects/{kind}/{object}", tag = "scopes", operation_id = "add_to_scope", params(("name" = Name, Path), ("kind" = ScopedKind, Path), ("object" = Name, Path)), responses((status = 204)))]
async fn add(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((name, kind, object)): Path<(Name, ScopedKind, Name)>,
) -> Result<StatusCode, ApiError> {
    scope::add(&api.site, &actor, &name, ScopeObject { kind, name: object }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove an object from a scope. Nothing changes if it is not in it.
#[utoipa::path(delete, path = "/scopes/{name}/objects/{kind}/{object}", tag = "scopes", operation_id = "remove_from_scope", params(("name" = Name, Path), ("kind" = ScopedKind, Path), ("object" = Name, Path)), responses((status = 204)))]
async fn remove(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path((name, kind, object)): Path<(Name, ScopedKind, Name)>,
) -> Result<StatusCode, ApiError> {
    scope::remove(&api.site, &actor, &name, ScopeObject { kind, name: object }).await?;
    Ok(StatusCode::NO_CONTENT)
}
