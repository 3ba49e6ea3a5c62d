//! `/api/v1/tokens`: administrator tokens.

use axum::extract::State;
use dray_model::Name;
use dray_model::api::page::Page;
use dray_model::api::token::{CreateToken, Issued, Token};
use dray_site::token::{self, TokenError};
use http::{HeaderName, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<TokenError>(OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke)))
}

/// List administrator tokens by name, including revoked ones.
#[utoipa::path(get, path = "/tokens", tag = "tokens", operation_id = "list_tokens", params(PageQuery), responses((status = 200, body = Page<Token>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<Token>>, ApiError> {
    Ok(page(token::list(&api.site, &actor, &request).await?))
}

/// Create an administrator token. The answer contains its secret, which is shown only this once.
#[utoipa::path(post, path = "/tokens", tag = "tokens", operation_id = "create_token", request_body = CreateToken, responses((status = 201, body = Issued<Token>)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateToken>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<Issued<Token>>), ApiError> {
    let created = token::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(created)))
}

/// Revoke an administrator token. It stops working with the next request.
#[utoipa::path(delete, path = "/tokens/{name}", tag = "tokens", operation_id = "revoke_token", params(("name" = Name, Path)), responses((status = 204)))]
async fn revoke(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    token::revoke(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
