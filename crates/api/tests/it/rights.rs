//! Rights of every operation that the API's description lists: a new one is covered by being described.

use dray_api::document;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::client::Server;

/// What anybody with a token may post, because nothing changes.
const READING: [&str; 1] = ["preview_collection"];
/// What a reader may not get.
const CLOSED: [&str; 9] = [
    "list_audit",
    "list_tokens",
    "content_object",
    "list_package_objects",
    "list_roles",
    "show_role",
    "list_scopes",
    "show_scope",
    "list_scope_objects",
];

/// What two roles may do, each with objects of its own: tokens for devices and tokens for points.
const SHARED: [&str; 2] = ["revoke_enrolment_token", "create_enrolment_token"];

struct Operation {
    id: String,
    method: Method,
    path: String,
    if_match: bool,
    body: Option<Value>,
}

/// All operations, each with a request that its description allows.
fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut path = path.clone();
            let mut if_match = false;
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                if_match |= name == "If-Match";
                let value = || text(&sample(&document, &parameter["schema"]));
                if parameter["in"] == "path" {
                    path = path.replace(&format!("{{{name}}}"), &value());
                } else if parameter["in"] == "query" && parameter["required"] == true {
                    let sign = if path.contains('?') { '&' } else { '?' };
                    path = format!("{path}{sign}{name}={}", value());
                }
            }
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            all.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path,
                if_match,
                body: schema.is_object().then(|| sample(&document, schema)),
            });
        }
    }
    all
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The smallest value that the schema allows.
fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next()) {
        return match name {
            "Name" => json!("some"),
            "Digest" => json!("0".repeat(64)),
            "DeviceId" => json!("d-0000000000000"),
            "JobId" => json!("j-0000000000000"),
            "Timestamp" => json!("2026-01-01T00:00:00Z"),
            other => sample(document, &document["components"]["schemas"][other]),
        };
    }
    if let Some(choice) = schema["oneOf"].as_array().and_then(|all| all.first()) {
        return sample(document, choice);
    }
    if let Some(choice) = schema["enum"].as_array().and_then(|all| all.first()) {
        return choice.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let fields = required.map(|name| (name.to_owned(), sample(document, &schema["properties"][name])));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some("array") => json!([]),
        Some("integer") => json!(schema["minimum"].as_u64().unwrap_or(1)),
        Some("boolean") => json!(true),
        Some("string") if schema["pattern"].as_str().is_some_and(|text| text.starts_with("^https://")) => {
            json!("https://a.example")
        }
        _ => json!("true"),
    }
}

async fn token(server: &Server, role: &str) -> String {
    let made = server.admin(Method::POST, "/api/v1/tokens", Some(json!({ "name": role, "role": role }))).await;
    made.json()["secret"].as_str().unwrap().to_owned()
}

async fn ask(server: &Server, operation: &Operation, token: Option<&str>) -> (StatusCode, Value) {
    let mut request = server.request(operation.method.clone(), &operation.path, operation.body.clone());
    request.headers_mut().remove(header::AUTHORIZATION);
    if let Some(token) = token {
        request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    }
    if operation.if_match {
        request.headers_mut().insert(header::IF_MATCH, "*".parse().unwrap());
    }
    let answer = server.ask(request).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
}

#[tokio::test]
async fn nothing_is_answered_without_a_token_and_readers_change_nothing() {
    let server = Server::start().await;
    let reader = token(&server, "reader").await;
    for operation in operations() {
        let (status, _) = ask(&server, &operation, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{} without a token", operation.id);
        let (status, problem) = ask(&server, &operation, Some(&reader)).await;
        let id = operation.id.as_str();
        let open = if operation.method == Method::GET { !CLOSED.contains(&id) } else { READING.contains(&id) };
        if open {
            assert_ne!(status, StatusCode::FORBIDDEN, "{id} by a reader");
        } else {
            assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("denied")), "{id} by a reader");
        }
    }
}

#[tokio::test]
async fn whoever_publishes_does_not_deploy_and_the_other_way_round() {
    let server = Server::start().await;
    let (publisher, operator) = (token(&server, "publisher").await, token(&server, "operator").await);
    let changes = |operation: &Operation| operation.method != Method::GET && !READING.contains(&operation.id.as_str());
    let separate = |operation: &Operation| !SHARED.contains(&operation.id.as_str());
    for operation in operations().into_iter().filter(changes).filter(separate) {
        let (by_publisher, _) = ask(&server, &operation, Some(&publisher)).await;
        let (by_operator, _) = ask(&server, &operation, Some(&operator)).await;
        let denied = [by_publisher, by_operator].map(|status| status == StatusCode::FORBIDDEN);
        assert_ne!(denied, [false, false], "{} is open to both", operation.id);
    }
}

#[tokio::test]
async fn whoever_works_in_an_empty_scope_sees_nothing_and_changes_nothing() {
    let server = Server::start().await;
    let terms = json!({ "package": "some", "program": "true", "collection": "some" });
    let objects = [
        ("packages", json!({ "name": "some", "programs": [{ "name": "true", "command": "true" }] })),
        ("collections", json!({ "name": "some", "rules": [{ "kind": "all_devices" }] })),
        ("points", json!({ "name": "some", "url": "https://a.example" })),
        ("scopes", json!({ "name": "empty" })),
        ("advertisements", json!({ "name": "some", "terms": terms })),
    ];
    for (kind, body) in objects {
        let made = server.admin(Method::POST, &format!("/api/v1/{kind}"), Some(body)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{kind}: {:?}", made.json());
    }
    let body = json!({ "name": "anna", "role": "administrator", "scope": "empty" });
    let made = server.admin(Method::POST, "/api/v1/tokens", Some(body)).await;
    let anna = made.json()["secret"].as_str().unwrap().to_owned();
    for operation in operations() {
        let (status, answer) = ask(&server, &operation, Some(&anna)).await;
        let id = operation.id.as_str();
        if operation.method == Method::GET && status.is_success() {
            assert_eq!(answer["items"], json!([]), "{id} shows what is outside of the scope");
        } else {
            assert!([403, 404, 409, 422].contains(&status.as_u16()), "{id} answered {status}: {answer}");
        }
    }
    for kind in ["packages", "collections", "points", "advertisements"] {
        let kept = server.admin(Method::GET, &format!("/api/v1/{kind}/some"), None).await;
        assert_eq!((kept.status, &kept.json()["revision"]), (StatusCode::OK, &json!(1)), "{kind}");
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let all = operations();
    let names: std::collections::BTreeSet<_> = all.iter().map(|operation| &operation.id).collect();
    assert_eq!(names.len(), all.len());
}
