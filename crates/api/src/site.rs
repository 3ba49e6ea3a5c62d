//! The site itself: `/api/v1/site` says how it is; `/client/v1/proof` takes what a device holds and the site has forgotten.

use std::time::Duration;

use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::routing::post;
use dray_model::api::site::SiteStatus;
use dray_model::history::{HOLDS_HEADER, Holds, PROOF_WANTED};
use dray_site::{Actor, SiteError, history};
use dray_trust::Limits;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Caller, Prover};
use crate::extract::Json;
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

/// Time for a proof to come in, while others wait for its turn.
const PROOF_TIME: Duration = Duration::from_secs(10);

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<SiteError>(OpenApiRouter::new().routes(routes!(show)))
}

pub(crate) fn client_routes() -> OpenApiRouter<Api> {
    let limit = DefaultBodyLimit::max(Limits::DEFAULT.document_bytes_max);
    OpenApiRouter::new().route("/proof", post(prove).layer(limit))
}

/// Show how the site is: the number of its newest change, whether it went on from an older copy of itself, and what to look at.
#[utoipa::path(get, path = "/site", tag = "site", operation_id = "show_site", responses((status = 200, body = SiteStatus)))]
async fn show(State(api): State<Api>, Caller(actor): Caller) -> Result<Json<SiteStatus>, ApiError> {
    Ok(Json(history::status(&api.site, &actor).await?))
}

/// What the caller says that it holds.
fn holds(headers: &HeaderMap) -> Option<Holds> {
    headers.get(HOLDS_HEADER)?.to_str().ok()?.parse().ok()
}

/// Refuses a caller that says it holds what the site can't have signed, until it proves it.
pub(crate) async fn refuse_doubtful(api: &Api, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(holds) = holds(headers) else { return Ok(()) };
    // Boxed, so that held requests, of which this is a part, keep no room for it.
    if !Box::pin(history::doubts(&api.site, holds)).await.map_err(SiteError::from)? {
        return Ok(());
    }
    let detail = "the site does not remember what is held here";
    Err(ApiError::new(StatusCode::PRECONDITION_REQUIRED, PROOF_WANTED, detail)
        .with_hint("send it, as the site signed it, to /client/v1/proof"))
}

/// A caller whose claim the site doesn't doubt. Held requests take this and not the headers, as with [`Known`](crate::held::Known).
#[derive(Debug)]
pub(crate) struct Undoubted;

impl FromRequestParts<Api> for Undoubted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        refuse_doubtful(api, &parts.headers).await.map(|()| Self)
    }
}

/// Takes what the calling device holds, also of one that the site doesn't know: it may be what was forgotten. The body is read in turn, and only as long as the claim in the header doesn't fit.
async fn prove(
    State(api): State<Api>,
    Prover(device): Prover,
    headers: HeaderMap,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let turn = history::turn(&api.site).await?;
    if let Some(holds) = holds(&headers)
        && !history::doubts(&api.site, holds).await.map_err(SiteError::from)?
    {
        return Ok(StatusCode::NO_CONTENT);
    }
    let body = tokio::time::timeout(PROOF_TIME, request.extract::<Bytes, _>()).await;
    let envelope = body.map_err(|_| unreadable("it took too long"))?.map_err(|error| unreadable(&error.body_text()))?;
    history::prove(&api.site, &Actor::Device(device), device, &envelope, &turn).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn unreadable(why: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "unreadable_body", format!("cannot read the proof: {why}"))
}
