//! What load balancers and monitoring ask: `/healthz` (the process answers), `/readyz` (the database does too), `/metrics`.
//!
//! These need no token and tell nothing about the site's objects.

use std::sync::OnceLock;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::header;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::problem::ApiError;
use crate::state::Api;

/// Seconds: from an answer out of memory to a slow evaluation.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready)).route("/metrics", get(render))
}

async fn ready(State(api): State<Api>) -> Result<&'static str, ApiError> {
    dray_site::ready(&api.site).await?;
    Ok("ready\n")
}

async fn render() -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder().render())
}

/// The process's metrics. The first call makes itself their recorder, unless the program brought another.
pub(crate) fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
            .expect("the list of buckets isn't empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is already installed; /metrics will be empty");
        }
        handle
    })
}
