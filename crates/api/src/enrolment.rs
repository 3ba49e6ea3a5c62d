//! `/api/v1/enrolment-tokens` for administrators; `/client/v1/enrol` and `/client/v1/renew` for devices and points.

use axum::extract::State;
use axum::routing::post;
use dray_model::api::client::{EnrolRequest, Enrolled, RenewRequest, Renewed};
use dray_model::api::device::{CreateEnrolmentToken, EnrolmentTokenView};
use dray_model::api::page::Page;
use dray_model::api::token::Issued;
use dray_site::enrolment::{self, EnrolmentError};
use http::{HeaderName, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, MemberIdentity, PeerAddress};
use crate::extract::{Json, Message, PageQuery, Paging, Path, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<EnrolmentError>(OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(revoke)))
}

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().route("/enrol", post(enrol)).route("/renew", post(renew))
}

/// List enrolment tokens, newest first, including expired and revoked ones.
#[utoipa::path(get, path = "/enrolment-tokens", tag = "devices", operation_id = "list_enrolment_tokens", params(PageQuery), responses((status = 200, body = Page<EnrolmentTokenView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<EnrolmentTokenView>>, ApiError> {
    Ok(page(enrolment::list(&api.site, &actor, &request).await?))
}

/// Create an enrolment token. The answer contains its secret, which is shown only this once.
#[utoipa::path(post, path = "/enrolment-tokens", tag = "devices", operation_id = "create_enrolment_token", request_body = CreateEnrolmentToken, responses((status = 201, body = Issued<EnrolmentTokenView>)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreateEnrolmentToken>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<Issued<EnrolmentTokenView>>), ApiError> {
    let created = enrolment::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(created)))
}

/// Revoke an enrolment token. Whatever enrolled with it stays enrolled.
#[utoipa::path(delete, path = "/enrolment-tokens/{id}", tag = "devices", operation_id = "revoke_enrolment_token", params(("id" = i64, Path)), responses((status = 204)))]
async fn revoke(State(api): State<Api>, Caller(actor): Caller, Path(id): Path<i64>) -> Result<StatusCode, ApiError> {
    enrolment::revoke(&api.site, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enrol: the one request that needs no certificate.
async fn enrol(
    State(api): State<Api>,
    PeerAddress(from): PeerAddress,
    Message(request): Message<EnrolRequest>,
) -> Result<Json<Enrolled>, ApiError> {
    Ok(Json(enrolment::enrol(&api.site, from, request).await?))
}

/// Renew a certificate for the same identity.
async fn renew(
    State(api): State<Api>,
    member: MemberIdentity,
    Message(request): Message<RenewRequest>,
) -> Result<Json<Renewed>, ApiError> {
    Ok(Json(enrolment::renew(&api.site, &member.actor(), request).await?))
}
