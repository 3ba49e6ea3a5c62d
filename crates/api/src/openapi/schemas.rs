//! What the types leave unsaid in their schemas.
//!
//! Requests are closed: what a request may hold is written down, and anything else is refused. Unsigned numbers end where their type
//! does. Objects that are answered with a revision carry it as their `ETag`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::operations;

/// Completes schemas, parameters and answers.
pub(super) fn complete(document: &mut Value) {
    bound_integers(document);
    for name in requested(document) {
        close(&mut document["components"]["schemas"][name]);
    }
    describe_answers(document);
}

/// `u32` and `u64` are described as signed formats from 0 on; says where they really end.
fn bound_integers(value: &mut Value) {
    let is_integer =
        |kind: &Value| kind == "integer" || kind.as_array().is_some_and(|all| all.iter().any(|kind| kind == "integer"));
    let unsigned = is_integer(&value["type"]) && value["minimum"] == 0 && value["maximum"].is_null();
    match value["format"].as_str() {
        Some("int32") if unsigned => {
            value["format"] = json!("uint32");
            value["maximum"] = json!(u32::MAX);
        }
        Some("int64") if unsigned => {
            value["format"] = json!("uint64");
            value["maximum"] = json!(u64::MAX);
        }
        _ => {}
    }
    each_child(value, bound_integers);
}

fn each_child(value: &mut Value, visit: fn(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(visit),
        Value::Object(fields) => fields.values_mut().for_each(visit),
        _ => {}
    }
}

/// Names of the schemas that requests are made of.
fn requested(document: &mut Value) -> BTreeSet<String> {
    let mut open: Vec<String> = Vec::new();
    for operation in operations(document) {
        references(&operation.body.get("requestBody").cloned().unwrap_or_default(), &mut open);
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        references(&document["components"]["schemas"][&name], &mut open);
        open.retain(|name| !found.contains(name));
        found.insert(name);
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
            found.extend(name.map(str::to_owned));
            fields.values().for_each(|field| references(field, found));
        }
        _ => {}
    }
}

fn close(schema: &mut Value) {
    if schema["properties"].is_object() && schema["additionalProperties"].is_null() {
        schema["additionalProperties"] = json!(false);
    }
    each_child(schema, close);
}

/// Gives answers a description, and those about an object with a revision its `ETag`.
fn describe_answers(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for operation in operations(document) {
        let responses = operation.body.get_mut("responses").and_then(Value::as_object_mut);
        for (status, answer) in responses.into_iter().flatten() {
            if answer["description"].as_str().is_none_or(str::is_empty) {
                let code = status.parse().ok().and_then(|status| http::StatusCode::from_u16(status).ok());
                answer["description"] = json!(code.and_then(|code| code.canonical_reason()).unwrap_or("Done"));
            }
            let schema = answer["content"]["application/json"]["schema"]["$ref"].as_str().map(str::to_owned);
            let name = schema.as_deref().and_then(|text| text.rsplit('/').next()).unwrap_or_default();
            if schemas[name]["properties"]["revision"].is_object() {
                let tag = json!({ "type": "string", "pattern": "^\"[0-9]+\"$" });
                answer["headers"]["ETag"] = json!({
                    "description": "The object's revision; send it as If-Match with a change",
                    "required": true,
                    "schema": tag,
                });
            }
        }
    }
}
