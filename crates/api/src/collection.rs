//! `/api/v1/collections`: which devices are meant.

use axum::extract::State;
use axum::response::IntoResponse;
use dray_model::Name;
use dray_model::api::collection::{
    ChangeCollection, CollectionMember, CollectionPreview, CollectionView, CreateCollection, PreviewCollection,
};
use dray_model::api::page::Page;
use dray_site::collection::{self, CollectionError};
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
    failing::<CollectionError>(
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, change, delete))
            .routes(routes!(members))
            .routes(routes!(evaluate))
            .routes(routes!(preview)),
    )
}

/// List collections by name.
#[utoipa::path(get, path = "/collections", tag = "collections", operation_id = "list_collections", params(PageQuery), responses((status = 200, body = Page<CollectionView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<CollectionView>>, ApiError> {
    Ok(page(collection::list(&api.site, &actor, &request).await?))
}

/// Create a collection and find its members.
#[utoipa::path(post, path = "/collections", tag = "collections", operation_id = "create_collection", request_body = CreateCollection, responses((status = 201, body = CollectionView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateCollection>,
) -> Result<impl IntoResponse, ApiError> {
    let made = collection::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, etag(made.revision), Json(made)))
}

/// Show a collection.
#[utoipa::path(get, path = "/collections/{name}", tag = "collections", operation_id = "show_collection", params(("name" = Name, Path)), responses((status = 200, body = CollectionView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let found = collection::find(&api.site, &actor, &name).await?;
    Ok((etag(found.revision), Json(found)))
}

/// Change a collection. If the rules change, its members are updated at once.
#[utoipa::path(patch, path = "/collections/{name}", tag = "collections", operation_id = "change_collection", params(("name" = Name, Path), IfMatch), request_body = ChangeCollection, responses((status = 200, body = CollectionView)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    IfMatch(revision): IfMatch,
    Json(command): Json<ChangeCollection>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = collection::change(&api.site, &actor, &name, revision, command).await?;
    Ok((etag(changed.revision), Json(changed)))
}

/// Delete a collection. Nothing may depend on it.
#[utoipa::path(delete, path = "/collections/{name}", tag = "collections", operation_id = "delete_collection", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    collection::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List a collection's members by name.
#[utoipa::path(get, path = "/collections/{name}/members", tag = "collections", operation_id = "list_collection_members", params(("name" = Name, Path), PageQuery), responses((status = 200, body = Page<CollectionMember>)))]
async fn members(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Paging(request): Paging,
) -> Result<Json<Page<CollectionMember>>, ApiError> {
    Ok(page(collection::members(&api.site, &actor, &name, &request).await?))
}

/// Recompute a collection's members now. They follow rules and facts automatically; this is only a safeguard.
#[utoipa::path(post, path = "/collections/{name}/evaluate", tag = "collections", operation_id = "evaluate_collection", params(("name" = Name, Path)), responses((status = 200, body = CollectionView)))]
async fn evaluate(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let evaluated = collection::evaluate(&api.site, &actor, &name).await?;
    Ok((etag(evaluated.revision), Json(evaluated)))
}

/// Count the devices that match an expression, and list the first 20. Nothing is saved.
#[utoipa::path(post, path = "/collections/preview", tag = "collections", operation_id = "preview_collection", request_body = PreviewCollection, responses((status = 200, body = CollectionPreview)))]
async fn preview(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<PreviewCollection>,
) -> Result<Json<CollectionPreview>, ApiError> {
    Ok(Json(collection::preview(&api.site, &actor, command).await?))
}
