//! From a request to its answer.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
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
    let suspicion = Suspicion::new(name, serving.suspects.clone());
    let etag = format!("\"{}\"", name.digest());
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let folder = Arc::clone(&serving.folder);
    let opened = tokio::task::spawn_blocking(move || open(&folder.object(&name), &method, &headers, &etag)).await;
    let (file, size, decision, etag) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(empty(StatusCode::NOT_FOUND)),
        Ok(Err(error)) => {
            tracing::warn!(object = %name, %error, "could not open an object");
            suspicion.raise();
            return Err(empty(StatusCode::INTERNAL_SERVER_ERROR));
        }
        Err(_) => return Err(empty(StatusCode::SERVICE_UNAVAILABLE)),
    };
    let body = |length, suspicion| {
        let served = Arc::clone(&serving.served);
        if with_body { FileBody::new(file, length, suspicion, served, pulse) } else { FileBody::none() }
    };
    Ok(match decision {
        Decision::NotModified => with_head(StatusCode::NOT_MODIFIED, &etag, None, FileBody::none()),
        Decision::Whole => with_head(StatusCode::OK, &etag, Some(size), body(size, suspicion)),
        Decision::Part { start, end } => {
            let mut part =
                with_head(StatusCode::PARTIAL_CONTENT, &etag, Some(end - start), body(end - start, suspicion));
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

/// Opens an object and stands where the answer begins.
fn open(
    path: &std::path::Path,
    method: &Method,
    headers: &HeaderMap,
    etag: &str,
) -> io::Result<(File, u64, Decision, String)> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let decision = decide(method, headers, etag, size);
    if let Decision::Part { start, .. } = decision {
        file.seek(SeekFrom::Start(start))?;
    }
    Ok((file, size, decision, etag.to_owned()))
}

fn with_head(status: StatusCode, etag: &str, length: Option<u64>, body: FileBody) -> Response<FileBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    set(headers, ETAG, etag);
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
