//! From a request to its answer.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dray_content::ObjectName;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::Serving;
use super::decision::{Decision, decide};
use super::file_body::{FileBody, Suspicion};
use super::stall::Pulse;
use crate::folder::Opened;

/// Objects never change: a year is the longest that caches take (RFC 9111 names no limit, shared practice does).
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");

pub(super) async fn answer(
    request: Request<Incoming>,
    serving: Arc<Serving>,
    pulse: Arc<Pulse>,
) -> Result<Response<FileBody>, Infallible> {
    let answer = object(&request, &serving, pulse).await.unwrap_or_else(|refusal| refusal);
    serving.served.requests.fetch_add(1, Ordering::Relaxed);
    Ok(answer)
}

async fn object(
    request: &Request<Incoming>,
    serving: &Arc<Serving>,
    pulse: Arc<Pulse>,
) -> Result<Response<FileBody>, Response<FileBody>> {
    let name: ObjectName = request
        .uri()
        .path()
        .strip_prefix("/v1/")
        .and_then(|name| name.parse().ok())
        .ok_or_else(|| empty(StatusCode::NOT_FOUND))?;
    let with_body = match *request.method() {
        Method::GET => true,
        Method::HEAD => false,
        _ => return Err(method_not_allowed()),
    };
    let suspicion = Suspicion::new(name, serving);
    let object = match serving.folder.opened(&name) {
        Some(object) => object,
        None => open(name, serving, &suspicion).await?,
    };
    let decision = decide(request.method(), request.headers(), &object.etag, object.size);
    let body = |part, suspicion| match with_body {
        true => FileBody::new(Arc::clone(&object), part, suspicion, serving, pulse),
        false => FileBody::none(),
    };
    let (etag, size) = (&object.etag, object.size);
    Ok(match decision {
        Decision::NotModified => with_head(StatusCode::NOT_MODIFIED, etag, None, FileBody::none()),
        Decision::Whole => with_head(StatusCode::OK, etag, Some(size), body((0, size), suspicion)),
        Decision::Part { start, end } => {
            let mut part =
                with_head(StatusCode::PARTIAL_CONTENT, etag, Some(end - start), body((start, end), suspicion));
            set(part.headers_mut(), CONTENT_RANGE, &format!("bytes {start}-{}/{size}", end - 1));
            part
        }
        Decision::Unsatisfiable => {
            // Our clients know an object's length from its manifest: what they ask for beyond the end may have been cut off.
            suspicion.raise();
            let mut refusal = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            set(refusal.headers_mut(), CONTENT_RANGE, &format!("bytes */{size}"));
            refusal
        }
    })
}

/// Opens an object, for this request and those to come.
async fn open(
    name: ObjectName,
    serving: &Arc<Serving>,
    suspicion: &Suspicion,
) -> Result<Arc<Opened>, Response<FileBody>> {
    let folder = Arc::clone(&serving.folder);
    match tokio::task::spawn_blocking(move || folder.open_object(&name)).await {
        Ok(Ok(object)) => Ok(object),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(empty(StatusCode::NOT_FOUND)),
        Ok(Err(error)) => {
            tracing::warn!(object = %name, %error, "cannot open an object");
            suspicion.raise();
            Err(empty(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Err(_) => Err(empty(StatusCode::SERVICE_UNAVAILABLE)),
    }
}

fn with_head(status: StatusCode, etag: &HeaderValue, length: Option<u64>, body: FileBody) -> Response<FileBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ETAG, etag.clone());
    headers.insert(CACHE_CONTROL, IMMUTABLE);
    headers.insert(ACCEPT_RANGES, BYTES);
    if let Some(length) = length {
        headers.insert(CONTENT_TYPE, OCTETS);
        headers.insert(CONTENT_LENGTH, length.into());
    }
    response
}

fn empty(status: StatusCode) -> Response<FileBody> {
    let mut response = Response::new(FileBody::none());
    *response.status_mut() = status;
    response
}

fn method_not_allowed() -> Response<FileBody> {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn set(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    headers.insert(name, HeaderValue::from_str(value).expect("digits and digests are header values"));
}
