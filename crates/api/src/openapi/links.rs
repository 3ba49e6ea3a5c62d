//! Where an answer leads: from what it names to the operations that take that name.
//!
//! A name of a kind of object is known by the place it has in a path (`/packages/{name}` takes a package) and by its field in an answer
//! (`package`, or `name` and `id` of the resource's own objects). So a new operation is linked from everything that names what it takes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Operation, operations};

/// The kinds of objects that are named in answers and filters, and where they are served.
const KINDS: [(&str, &str); 6] = [
    ("advertisement", "advertisements"),
    ("collection", "collections"),
    ("device", "devices"),
    ("job", "jobs"),
    ("package", "packages"),
    ("point", "points"),
];
const BASE: &str = "/api/v1/";

/// An operation that takes names: in which parameter, of which kind.
struct Target {
    id: String,
    takes: Vec<(String, String)>,
    if_match: bool,
}

/// Adds links to all answers of success.
pub(super) fn complete(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let targets: Vec<Target> = operations(document).filter_map(|operation| target(&operation)).collect();
    for operation in operations(document) {
        let home =
            operation.path.strip_prefix(BASE).and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned();
        let own = operation.body["operationId"].clone();
        let responses = operation.body.get_mut("responses").and_then(Value::as_object_mut);
        for (_, answer) in responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2')) {
            let named = named(&answer["content"]["application/json"]["schema"], &schemas, &home);
            let tagged = answer["headers"]["ETag"].is_object();
            let mut links = Map::new();
            for target in targets.iter().filter(|target| own != target.id) {
                if let Some(link) = link(target, &named, tagged.then_some(home.as_str())) {
                    links.insert(target.id.clone(), link);
                }
            }
            if own == "create_package" {
                links.insert("create_advertisement".to_owned(), advertise());
            }
            if !links.is_empty() {
                answer["links"] = Value::Object(links);
            }
        }
    }
}

fn target(operation: &Operation<'_>) -> Option<Target> {
    let segments: Vec<&str> = operation.path.split('/').collect();
    let mut takes: Vec<(String, String)> = segments
        .windows(2)
        .filter_map(|pair| {
            let name = pair[1].strip_prefix('{')?.strip_suffix('}')?;
            Some((format!("path.{name}"), pair[0].to_owned()))
        })
        .collect();
    let filters = operation.parameters().filter(|(place, _)| *place == "query");
    takes.extend(filters.filter_map(|(_, name)| {
        let (_, kind) = KINDS.iter().find(|(field, _)| *field == name)?;
        Some((format!("query.{name}"), (*kind).to_owned()))
    }));
    let id = operation.body.get("operationId")?.as_str()?.to_owned();
    let if_match = operation.takes("header", "If-Match");
    (!takes.is_empty()).then_some(Target { id, takes, if_match })
}

/// What an answer of a resource names: kind and pointer.
fn named(schema: &Value, schemas: &Value, home: &str) -> BTreeMap<String, String> {
    let (fields, pointer) = object(schema, schemas);
    let mut named = BTreeMap::new();
    for (field, kind) in KINDS {
        if fields[field].is_object() {
            named.insert(kind.to_owned(), format!("{pointer}/{field}"));
        }
    }
    for field in ["id", "name"] {
        if fields[field].is_object() {
            named.insert(home.to_owned(), format!("{pointer}/{field}"));
        }
    }
    named
}

/// The fields of what is answered, and where they are: of a page those of its first item, of a new secret those of its object.
fn object<'a>(schema: &'a Value, schemas: &'a Value) -> (&'a Value, &'static str) {
    let fields = &resolved(schema, schemas)["properties"];
    let item = &fields["items"]["items"];
    if item.is_object() {
        return (&resolved(item, schemas)["properties"], "/items/0");
    }
    if fields["secret"].is_object() {
        return (&resolved(&fields["token"], schemas)["properties"], "/token");
    }
    (fields, "")
}

fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next());
    name.map_or(schema, |name| &schemas[name])
}

/// The link, if the answer names anything that the target takes.
fn link(target: &Target, named: &BTreeMap<String, String>, tagged: Option<&str>) -> Option<Value> {
    let mut parameters = Map::new();
    for (parameter, kind) in &target.takes {
        if let Some(pointer) = named.get(kind) {
            parameters.insert(parameter.clone(), json!(format!("$response.body#{pointer}")));
        }
    }
    if parameters.is_empty() {
        return None;
    }
    let about_it = target.takes.last().is_some_and(|(_, kind)| tagged == Some(kind));
    if target.if_match && about_it {
        parameters.insert("header.If-Match".to_owned(), json!("$response.header.ETag"));
    }
    Some(json!({ "operationId": target.id, "parameters": parameters }))
}

/// From a new package to the advertisement of its first program, to all devices.
fn advertise() -> Value {
    let terms = json!({
        "package": "$response.body#/name",
        "program": "$response.body#/programs/0/name",
        "collection": "all-devices",
    });
    json!({ "operationId": "create_advertisement", "requestBody": { "name": "$response.body#/name", "terms": terms } })
}
