//! `/api/v1/jobs`: side work of the site.

use axum::extract::State;
use dray_model::JobId;
use dray_model::api::job::{Job, JobState};
use dray_model::api::page::Page;
use dray_site::job::{self, JobError};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, PageQuery, Paging, Path, Query, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<JobError>(OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(cancel)))
}

/// Which jobs.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only jobs in this state.
    state: Option<JobState>,
}

/// List jobs, newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", operation_id = "list_jobs", params(Filter, PageQuery), responses((status = 200, body = Page<Job>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Query(filter): Query<Filter>,
    Paging(request): Paging,
) -> Result<Json<Page<Job>>, ApiError> {
    Ok(page(job::list(&api.site, &actor, filter.state, &request).await?))
}

/// Show a job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", operation_id = "show_job", params(("id" = JobId, Path)), responses((status = 200, body = Job)))]
async fn show(State(api): State<Api>, Caller(actor): Caller, Path(id): Path<JobId>) -> Result<Json<Job>, ApiError> {
    Ok(Json(job::find(&api.site, &actor, id).await?))
}

/// Cancel a waiting job.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job", params(("id" = JobId, Path)), responses((status = 204)))]
async fn cancel(State(api): State<Api>, Caller(actor): Caller, Path(id): Path<JobId>) -> Result<StatusCode, ApiError> {
    job::cancel(&api.site, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
