//! Every request gets an id, a span, and its place in the metrics. Labels are route templates, so their number is bounded.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;

/// Taken over from the caller when it is short and plain; told back in the answer.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken over.
const ID_MAX: usize = 64;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Id of the request that this task is working on.
pub(crate) fn request_id() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// The layer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = incoming(&request).unwrap_or_else(|| format!("{:016x}", dray_site::random::bits()));
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let began = Instant::now();
    REQUEST_ID.scope(id, Box::pin(answer(request, next, route, began)).instrument(span)).await
}

/// Boxed by its caller: the layers around it would each keep room for it.
async fn answer(request: Request, next: Next, route: String, began: Instant) -> Response {
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let status = response.status();
    tracing::debug!(status = status.as_u16(), elapsed = ?began.elapsed(), "answered");
    record(method.as_str(), &route, status.as_u16(), began);
    if let Some(id) = request_id().and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert(HEADER, id);
    }
    response
}

fn incoming(request: &Request) -> Option<String> {
    let text = request.headers().get(HEADER)?.to_str().ok()?;
    let plain = text.len() <= ID_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (plain && !text.is_empty()).then(|| text.to_owned())
}

fn record(method: &str, route: &str, status: u16, began: Instant) {
    // Methods are the callers' words too: all but the usual ones count as one.
    let method = match method {
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" => method,
        _ => "other",
    };
    let labels = [("method", method.to_owned()), ("route", route.to_owned())];
    metrics::histogram!("dray_http_request_seconds", &labels).record(began.elapsed().as_secs_f64());
    metrics::counter!("dray_http_requests_total", "method" => method.to_owned(), "route" => route.to_owned(), "status" => status.to_string())
        .increment(1);
}
