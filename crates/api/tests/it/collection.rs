//! Collections over HTTP: rules that are refused with their place, members, changes by revision.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{Answer, Server};

fn rule(expression: &str) -> Value {
    json!([{ "kind": "query", "expression": expression }])
}

pub(crate) fn facts(processors: u32) -> Value {
    json!({ "device": { "platform": "linux", "processors": processors } })
}

impl Server {
    async fn patch(&self, path: &str, if_match: &str, body: Value) -> Answer {
        let mut request = self.request(Method::PATCH, path, Some(body));
        request.headers_mut().insert(header::IF_MATCH, if_match.parse().unwrap());
        self.ask(request).await
    }
}

#[tokio::test]
async fn a_device_tells_its_facts_and_is_found_in_its_collections() {
    let server = Server::start().await;
    let new = json!({ "name": "big", "rules": rule("processors >= 4") });
    let made = server.admin(Method::POST, "/api/v1/collections", Some(new)).await;
    assert_eq!((made.status, &made.json()["members"]), (StatusCode::CREATED, &json!(0)));
    let member = server.enrol("pc").await;
    let told = server.client(Method::PUT, "/client/v1/facts", Some(facts(4)), Some(&member)).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{:?}", told.body);
    let device = server.admin(Method::GET, &format!("/api/v1/devices/{}", member.id), None).await.json();
    assert_eq!(device["collections"], json!(["all-devices", "big"]));
    assert_eq!((&device["facts"]["device"]["processors"], &device["connected"]), (&json!(4), &json!(false)));
    assert!(device["seen_at"].is_string() && device["facts_at"].is_string());
    let listed = server.admin(Method::GET, "/api/v1/devices?name=p&collection=big", None).await.json();
    assert_eq!(listed["items"][0]["name"], "pc");
    let members = server.admin(Method::GET, "/api/v1/collections/big/members", None).await.json();
    assert_eq!(members["items"], json!([{ "device": member.id, "name": "pc" }]));
    let preview = json!({ "expression": "platform == \"linux\"" });
    let preview = server.admin(Method::POST, "/api/v1/collections/preview", Some(preview)).await.json();
    assert_eq!(preview["members"], 1);
}

#[tokio::test]
async fn a_revoked_device_is_refused_from_its_next_request_on() {
    let server = Server::start().await;
    let member = server.enrol("pc").await;
    let tell = async || server.client(Method::PUT, "/client/v1/facts", Some(facts(4)), Some(&member)).await;
    assert_eq!(tell().await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.admin(Method::DELETE, "/api/v1/devices/pc", None).await.problem().1, "not_revoked");
    let revoked = server.admin(Method::POST, "/api/v1/devices/pc/revoke", None).await;
    assert_eq!(revoked.json()["state"], "revoked");
    assert_eq!(tell().await.problem(), (403, "shut_out".to_owned()));
    assert_eq!(server.admin(Method::DELETE, "/api/v1/devices/pc", None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(tell().await.problem(), (403, "shut_out".to_owned()));
    assert_eq!(server.admin(Method::GET, "/api/v1/devices/pc", None).await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_mistake_in_an_expression_is_told_with_its_place() {
    let server = Server::start().await;
    let new = json!({ "name": "x", "rules": [{ "kind": "all_devices" }, rule("plattform == \"linux\"")[0]] });
    let refused = server.admin(Method::POST, "/api/v1/collections", Some(new)).await;
    assert_eq!(refused.problem(), (422, "invalid_expression".to_owned()));
    let problem = refused.json();
    assert_eq!(problem["span"], json!({ "start": 0, "end": 9 }));
    assert!(problem["hint"].as_str().unwrap().contains("platform"), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("of rule 2"), "{problem}");
    let preview = json!({ "expression": "processors >" });
    let refused = server.admin(Method::POST, "/api/v1/collections/preview", Some(preview)).await;
    assert_eq!(refused.problem(), (422, "invalid_expression".to_owned()));
}

#[tokio::test]
async fn collections_are_changed_from_the_revision_that_was_seen() {
    let server = Server::start().await;
    server.enrol("pc").await;
    let new = json!({ "name": "some", "rules": rule("name == \"other\"") });
    let made = server.admin(Method::POST, "/api/v1/collections", Some(new.clone())).await;
    let etag = made.headers[header::ETAG].to_str().unwrap().to_owned();
    let path = "/api/v1/collections/some";
    let changed = server.patch(path, &etag, json!({ "rules": rule("name == \"pc\"") })).await;
    assert_eq!((&changed.json()["revision"], &changed.json()["members"]), (&json!(2), &json!(1)));
    let stale = server.patch(path, &etag, json!({ "rules": [] })).await;
    assert_eq!(stale.problem(), (412, "stale".to_owned()));
    let bare = server.admin(Method::PATCH, path, Some(json!({}))).await;
    assert_eq!(bare.problem(), (428, "if_match_required".to_owned()));
    let taken = server.admin(Method::POST, "/api/v1/collections", Some(new)).await;
    assert_eq!(taken.problem(), (409, "name_taken".to_owned()));
    let evaluated = server.admin(Method::POST, &format!("{path}/evaluate"), None).await.json();
    assert_eq!(evaluated["members"], 1);
    assert_eq!(server.admin(Method::DELETE, path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.admin(Method::GET, path, None).await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn the_predefined_collection_stays_as_it_is() {
    let server = Server::start().await;
    let path = "/api/v1/collections/all-devices";
    let code = |code: &str| (409, code.to_owned());
    assert_eq!(server.admin(Method::DELETE, path, None).await.problem(), code("predefined"));
    assert_eq!(server.patch(path, "*", json!({ "rules": [] })).await.problem(), code("predefined"));
    let titled = server.patch(path, "*", json!({ "properties": { "title": "Alle Geräte" } })).await.json();
    assert_eq!(titled["properties"]["title"], "Alle Geräte");
}

#[tokio::test]
async fn facts_that_are_too_large_or_malformed_are_refused() {
    let server = Server::start().await;
    let member = server.enrol("pc").await;
    let tell = async |body| server.client(Method::PUT, "/client/v1/facts", Some(body), Some(&member)).await.problem();
    let mut many = facts(1);
    let disk = json!({ "mount": "/", "size_bytes": 1, "free_bytes": 1 });
    many["disks"] = json!(vec![disk; 300]);
    assert_eq!(tell(many).await, (413, "too_many".to_owned()));
    let mut long = facts(1);
    long["device"]["host_name"] = json!("x".repeat(5 << 20));
    assert_eq!(tell(long).await, (413, "body_too_large".to_owned()));
    let mut wrong = facts(1);
    wrong["device"]["processors"] = json!("four");
    assert_eq!(tell(wrong).await, (400, "invalid_body".to_owned()));
}

#[tokio::test]
async fn facts_that_only_a_newer_site_knows_are_ignored() {
    let server = Server::start().await;
    let member = server.enrol("pc").await;
    let mut newer = facts(4);
    newer["device"]["colour"] = json!("red");
    newer["printers"] = json!([{ "name": "laser" }]);
    let told = server.client(Method::PUT, "/client/v1/facts", Some(newer), Some(&member)).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{:?}", told.body);
    let device = server.admin(Method::GET, "/api/v1/devices/pc", None).await.json();
    assert_eq!(device["facts"], facts(4));
}
