//! Requests are read to the letter, and the description says so: schemas that a request uses allow no other fields.
//!
//! The types themselves are tolerant, because programs of other versions use them too; see `docs/design/0012-versions.md`.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{OpenApi, RefOr, Schema};

const PREFIX: &str = "#/components/schemas/";

/// Closes the schemas that are part of a request's body.
pub(super) fn close_requests(document: &mut OpenApi) {
    let operations = document.paths.paths.values_mut().flat_map(super::operations);
    let bodies = operations.filter_map(|operation| operation.request_body.as_ref());
    let mut open: Vec<String> = bodies.flat_map(names_in).collect();
    let Some(components) = &mut document.components else { return };
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(RefOr::T(schema)) = components.schemas.get_mut(&name) else { continue };
        if seen.insert(name) {
            open.extend(names_in(&*schema));
            close(schema);
        }
    }
}

/// The schemas that something refers to.
fn names_in(value: impl serde::Serialize) -> Vec<String> {
    let mut names = Vec::new();
    collect(&serde_json::to_value(value).expect("a description has a JSON form"), &mut names);
    names
}

fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(|target| target.as_str()?.strip_prefix(PREFIX));
            names.extend(name.map(str::to_owned));
            object.values().for_each(|inner| collect(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, names)),
        _ => {}
    }
}

fn close(schema: &mut Schema) {
    match schema {
        Schema::Object(object) if !object.properties.is_empty() => {
            object.additional_properties.get_or_insert_with(|| Box::new(AdditionalProperties::FreeForm(false)));
        }
        Schema::OneOf(variants) => {
            for variant in &mut variants.items {
                if let RefOr::T(variant) = variant {
                    close(variant);
                }
            }
        }
        _ => {}
    }
}
