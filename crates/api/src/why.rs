//! `/api/v1/why`: why a program is or is not on a device.

use axum::extract::State;
use dray_model::Name;
use dray_model::api::why::Why;
use dray_site::why::{self, WhyError};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, Query};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<WhyError>(OpenApiRouter::new().routes(routes!(show)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WhyQuery {
    /// The device's name or id.
    device: Name,
    /// PACKAGE/PROGRAM, the name of a package with a single program, or the name of a program of a single package.
    #[param(max_length = 129)]
    program: String,
}

/// Explain why a program is or is not installed on a device: the whole chain, from membership to result.
#[utoipa::path(get, path = "/why", tag = "why", operation_id = "why", params(WhyQuery), responses((status = 200, body = Why)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Query(WhyQuery { device, program }): Query<WhyQuery>,
) -> Result<Json<Why>, ApiError> {
    Ok(Json(why::why(&api.site, &actor, &device, &program).await?))
}
