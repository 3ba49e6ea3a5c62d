//! The failures that each operation may end with: every status, with the codes of its problems.
//!
//! A resource says which error type its operations have ([`failing`]); which of that type's codes an operation can answer with follows
//! from what it takes. What the API itself refuses before an operation is reached follows from the same. A description of an operation whose
//! resource says nothing is not made: the server doesn't start, and no test passes.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::api::problem::PROBLEM_JSON;
use dray_site::Failure;
use dray_site::token::Refused;
use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa_axum::router::OpenApiRouter;

use super::{Operation, operations};
use crate::problem::status;
use crate::state::Api;

/// Where [`failing`] leaves codes for [`complete`].
const MARK: &str = "x-failures";

/// Says that the operations of `routes` fail with `F`.
pub(crate) fn failing<F: Failure>(mut routes: OpenApiRouter<Api>) -> OpenApiRouter<Api> {
    let codes: Vec<Value> = F::codes().into_iter().map(|(code, class)| json!([code, status(class).as_u16()])).collect();
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().flatten() {
            operation.extensions = Some(ExtensionsBuilder::new().add(MARK, codes.clone()).build());
        }
    }
    routes
}

/// Codes by status.
type Codes = BTreeMap<u16, BTreeSet<String>>;

/// Adds to every operation the failures that it may end with; what all operations answer alike is described once.
pub(super) fn complete(document: &mut Value) {
    let mut shared: BTreeMap<u16, BTreeMap<String, usize>> = BTreeMap::new();
    for operation in operations(document) {
        let codes = codes(&operation);
        for (status, codes) in codes {
            let answer = answer(status, &codes);
            *shared.entry(status).or_default().entry(answer.to_string()).or_default() += 1;
            responses(operation.body).insert(status.to_string(), answer);
        }
        operation.body.remove(MARK);
    }
    shared.retain(|_, answers| answers.len() == 1);
    for operation in operations(document) {
        for (status, answer) in responses(operation.body) {
            if let Some(name) = status.parse().ok().filter(|status| shared.contains_key(status)).map(reason) {
                *answer = json!({ "$ref": format!("#/components/responses/{}", name.replace(' ', "")) });
            }
        }
    }
    for (status, answers) in shared {
        let answer = answers.keys().next().map(|text| serde_json::from_str(text).expect("it was made here"));
        document["components"]["responses"][reason(status).replace(' ', "")] = answer.unwrap_or_default();
    }
}

fn responses(operation: &mut Map<String, Value>) -> &mut Map<String, Value> {
    operation.get_mut("responses").and_then(Value::as_object_mut).expect("every operation has responses")
}

fn codes(operation: &Operation<'_>) -> Codes {
    let mut codes = Codes::new();
    let mut add = |status: StatusCode, code: &str| {
        codes.entry(status.as_u16()).or_default().insert(code.to_owned());
    };
    for (status, code) in before(operation) {
        add(status, code);
    }
    for (code, class) in Refused::codes() {
        add(status(class), code);
    }
    let own = operation.body.get(MARK).and_then(Value::as_array).unwrap_or_else(|| {
        panic!("the resource of {} {} says how its operations fail", operation.method, operation.path)
    });
    for failure in own {
        let status = failure[1].as_u64().and_then(|status| StatusCode::from_u16(status.try_into().ok()?).ok());
        if let (Some(code), Some(status)) = (failure[0].as_str(), status.filter(|status| may(operation, *status))) {
            add(status, code);
        }
    }
    codes
}

/// Whether an operation that takes what this one takes can be answered with this status.
fn may(operation: &Operation<'_>, status: StatusCode) -> bool {
    let names = operation.parameters().any(|(place, _)| place == "path");
    let filters = operation.parameters().any(|(place, name)| place == "query" && !matches!(name, "limit" | "cursor"));
    let has_body = operation.takes_body().is_some();
    let changes = operation.method != "get";
    match status {
        StatusCode::NOT_FOUND => names || filters,
        StatusCode::CONFLICT => changes,
        StatusCode::PRECONDITION_FAILED => operation.takes("header", "If-Match"),
        StatusCode::PAYLOAD_TOO_LARGE => has_body,
        StatusCode::UNPROCESSABLE_ENTITY => filters || changes,
        _ => true,
    }
}

/// What the API refuses by itself.
fn before(operation: &Operation<'_>) -> Vec<(StatusCode, &'static str)> {
    let takes = |place| operation.parameters().any(|(given, _)| given == place);
    let mut all = vec![
        (StatusCode::UNAUTHORIZED, "no_token"),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        (StatusCode::SERVICE_UNAVAILABLE, "timeout"),
    ];
    if takes("path") {
        all.push((StatusCode::NOT_FOUND, "not_found"));
    }
    if takes("query") {
        all.push((StatusCode::BAD_REQUEST, "invalid_query"));
    }
    if operation.takes("query", "cursor") {
        all.extend([(StatusCode::BAD_REQUEST, "invalid_limit"), (StatusCode::NOT_FOUND, "no_page")]);
    }
    if operation.takes("header", "If-Match") {
        all.push((StatusCode::PRECONDITION_REQUIRED, "if_match_required"));
        all.push((StatusCode::BAD_REQUEST, "invalid_if_match"));
    }
    if operation.takes_body() == Some("application/json") {
        all.push((StatusCode::BAD_REQUEST, "invalid_body"));
        all.push((StatusCode::BAD_REQUEST, "unreadable_body"));
        all.push((StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
        all.push((StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"));
    }
    if operation.method == "post" {
        all.push((StatusCode::BAD_REQUEST, "invalid_key"));
        all.push((StatusCode::CONFLICT, "in_progress"));
        all.push((StatusCode::UNPROCESSABLE_ENTITY, "key_reused"));
        all.push((StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    }
    all
}

fn answer(status: u16, codes: &BTreeSet<String>) -> Value {
    let narrowed = json!({
        "type": "object",
        "properties": { "status": { "const": status }, "code": { "enum": codes } },
    });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, narrowed] });
    let mut answer = json!({ "description": reason(status), "content": { PROBLEM_JSON: { "schema": schema } } });
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({ "const": "Bearer" }))),
        429 | 503 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1 }))),
        _ => None,
    };
    if let Some((name, schema)) = header {
        answer["headers"] = json!({ name: { "required": true, "schema": schema } });
    }
    answer
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Problem")
}
