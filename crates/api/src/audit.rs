//! `/api/v1/audit`: the audit log.

use axum::extract::State;
use dray_model::api::audit::AuditRecord;
use dray_model::api::page::Page;
use dray_site::{SiteError, audit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::extract::{Json, PageQuery, Paging, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<SiteError>(OpenApiRouter::new().routes(routes!(list)))
}

/// List the audit log, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "list_audit", params(PageQuery), responses((status = 200, body = Page<AuditRecord>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<AuditRecord>>, ApiError> {
    Ok(page(audit::list(&api.site, &actor, &request).await?))
}
