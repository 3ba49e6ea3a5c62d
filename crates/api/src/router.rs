//! The two APIs put together from their resources, with the layers that all of them share.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use dray_site::{Limits, Site};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::ApiError;
use crate::rate::Rate;
use crate::state::Api;
use crate::{
    administrators_json, administrators_streaming, authentication, clients_json, clients_streaming, idempotency,
    observe, openapi, system,
};

/// Longest time that a request with a JSON body and answer may take. Streams have no limit here.
const REQUEST_TIME: Duration = Duration::from_secs(60);

/// The administrators' part with its description, before state and layers.
pub(crate) fn described(limits: &Limits) -> OpenApiRouter<Api> {
    let all = limited(administrators_json(), limits).merge(administrators_streaming());
    OpenApiRouter::with_openapi(openapi::head()).nest("/api/v1", all)
}

/// What is served to administrators.
pub(crate) fn administrators(site: Site) -> Router {
    let limits = site.config().limits;
    let rate = Rate::per_minute(limits.administrator_requests_per_minute.get());
    let api = Api { site, rate: Arc::new(rate) };
    let (routes, _) = described(&limits).split_for_parts();
    let routes = routes
        .layer(from_fn_with_state(api.clone(), idempotency::idempotency))
        .layer(from_fn_with_state(api.clone(), authentication::administrators))
        .merge(system::routes())
        .merge(openapi::routes());
    finish(routes, api)
}

/// What is served to clients and points.
pub(crate) fn clients(site: Site) -> Router {
    let limits = site.config().limits;
    let rate = Rate::per_minute(limits.client_requests_per_minute.get());
    let (routes, _) = limited(clients_json(&limits), &limits).merge(clients_streaming()).split_for_parts();
    finish(Router::new().nest("/client/v1", routes), Api { site, rate: Arc::new(rate) })
}

fn limited(routes: OpenApiRouter<Api>, limits: &Limits) -> OpenApiRouter<Api> {
    routes.layer(DefaultBodyLimit::max(limits.body_bytes.size())).layer(from_fn(in_time))
}

async fn in_time(request: Request, next: Next) -> Result<Response, ApiError> {
    tokio::time::timeout(REQUEST_TIME, next.run(request)).await.map_err(|_| {
        let detail = format!("the request was cancelled because it took longer than {} s", REQUEST_TIME.as_secs());
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
    })
}

fn finish(routes: Router<Api>, api: Api) -> Router {
    routes
        .fallback(async || {
            let problem = ApiError::new(StatusCode::NOT_FOUND, "no_route", "there is nothing at this address");
            problem.with_hint("administrators use /api/v1; clients and points use /client/v1, on a port of their own")
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", "this address does not support the method")
        })
        .layer(from_fn(observe::observe))
        .with_state(api)
}
