//! `/api/v1/quarantine`: members that the site has forgotten.

use axum::extract::State;
use dray_model::Name;
use dray_model::api::page::Page;
use dray_model::api::quarantine::{QuarantineOutcome, QuarantinedView};
use dray_site::quarantine::{self, QuarantineError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<QuarantineError>(
        OpenApiRouter::new()
            .routes(routes!(list))
            .routes(routes!(accept_all))
            .routes(routes!(refuse_all))
            .routes(routes!(accept))
            .routes(routes!(refuse)),
    )
}

/// List members that enrolled after the copy was made from which the site went on, by their identity; refused ones too.
#[utoipa::path(get, path = "/quarantine", tag = "devices", operation_id = "list_quarantine", params(PageQuery), responses((status = 200, body = Page<QuarantinedView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<QuarantinedView>>, ApiError> {
    Ok(page(quarantine::list(&api.site, &actor, &request).await?))
}

/// Accept members that wait, up to 500 at once. Fewer means that these were all. Distribution points must be created first.
#[utoipa::path(post, path = "/quarantine/accept", tag = "devices", operation_id = "accept_quarantine", responses((status = 200, body = QuarantineOutcome)))]
async fn accept_all(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<QuarantineOutcome>, ApiError> {
    Ok(Json(quarantine::accept_all(&api.site, &actor).await?))
}

/// Refuse members that wait, up to 500 at once. Fewer means that these were all.
#[utoipa::path(post, path = "/quarantine/refuse", tag = "devices", operation_id = "refuse_quarantine", responses((status = 200, body = QuarantineOutcome)))]
async fn refuse_all(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<QuarantineOutcome>, ApiError> {
    Ok(Json(quarantine::refuse_all(&api.site, &actor).await?))
}

/// Accept the member with this identity, or the only one that calls itself so. It goes on as the device or point that it was.
#[utoipa::path(post, path = "/quarantine/{name}/accept", tag = "devices", operation_id = "accept_member", params(("name" = Name, Path)), responses((status = 200, body = QuarantinedView)))]
async fn accept(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<QuarantinedView>, ApiError> {
    Ok(Json(quarantine::accept(&api.site, &actor, &name).await?))
}

/// Refuse the member with this identity, or the only one that calls itself so, for good.
#[utoipa::path(post, path = "/quarantine/{name}/refuse", tag = "devices", operation_id = "refuse_member", params(("name" = Name, Path)), responses((status = 200, body = QuarantinedView)))]
async fn refuse(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<QuarantinedView>, ApiError> {
    Ok(Json(quarantine::refuse(&api.site, &actor, &name).await?))
}
