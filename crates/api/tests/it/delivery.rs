//! From an advertisement to a device's report, over the wire.

use base64::Engine as _;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{Answer, Server};
use crate::enrolment::Member;

fn terms() -> Value {
    json!({ "package": "zip", "program": "install", "collection": "all-devices",
            "assignments": [{ "kind": "as_soon_as_possible" }] })
}

fn state(number: u64, state: &str) -> Value {
    json!({ "number": number, "at": "2026-11-22T17:00:00Z", "event": {
        "event": "state", "advertisement": "now", "revision": 1, "package": "zip", "program": "install",
        "release": { "source_version": 1, "revision": 1 },
        "standing": { "state": state, "since": "2026-11-22T17:00:00Z" } } })
}

impl Server {
    /// With the package `zip`, advertised as `now` to all devices, and the device `pc`.
    async fn delivering() -> (Self, Member) {
        let server = Self::start().await;
        let member = server.enrol("pc").await;
        let package = json!({ "name": "zip", "programs": [{ "name": "install", "command": "./install" }] });
        assert_eq!(server.admin(Method::POST, "/api/v1/packages", Some(package)).await.status, StatusCode::CREATED);
        let new = json!({ "name": "now", "terms": terms() });
        let made = server.admin(Method::POST, "/api/v1/advertisements", Some(new)).await;
        assert_eq!((made.status, &made.headers[header::ETAG]), (StatusCode::CREATED, &"\"1\"".parse().unwrap()));
        (server, member)
    }

    async fn policy(&self, member: &Member, query: &str, known: Option<&str>) -> Answer {
        let mut request = self.request(Method::GET, &format!("/client/v1/policy{query}"), None);
        if let Some(known) = known {
            request.headers_mut().insert(header::IF_NONE_MATCH, known.parse().unwrap());
        }
        self.ask_at(self.running.client_addr, request, Some((&member.chain_pem, &member.key_pem))).await
    }

    async fn report(&self, member: &Member, messages: Value) -> Answer {
        let batch = Some(json!({ "messages": messages }));
        self.client(Method::POST, "/client/v1/status", batch, Some(member)).await
    }

    async fn put(&self, path: &str, if_match: &str, body: Value) -> Answer {
        let mut request = self.request(Method::PATCH, path, Some(body));
        request.headers_mut().insert(header::IF_MATCH, if_match.parse().unwrap());
        self.ask(request).await
    }
}

/// The entries of a policy, unsigned.
fn entries(policy: &Answer) -> Vec<Value> {
    let envelope = policy.json();
    let payload = base64::prelude::BASE64_STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_policy_names_documents_and_is_held_until_it_says_something_else() {
    let (server, member) = Server::delivering().await;
    let first = server.policy(&member, "", None).await;
    assert_eq!(first.status, StatusCode::OK, "{:?}", first.body);
    let tag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    let [entry] = entries(&first).try_into().unwrap();
    assert_eq!(entry["name"], "now");
    for (kind, digest) in [("advertisement", &entry["advertisement"]), ("release", &entry["releases"][0])] {
        let path = format!("/client/v1/documents/{}", digest.as_str().unwrap());
        assert_eq!(server.client(Method::GET, &path, None, Some(&member)).await.status, StatusCode::OK, "{kind}");
    }
    let same = server.policy(&member, "?wait_s=0", Some(&tag)).await;
    assert_eq!((same.status, same.headers[header::ETAG].to_str().unwrap()), (StatusCode::NOT_MODIFIED, tag.as_str()));
    let held = server.policy(&member, "?wait_s=600", Some(&tag));
    let withdraw = server.admin(Method::DELETE, "/api/v1/advertisements/now", None);
    let (held, withdrawn) = tokio::join!(held, withdraw);
    assert_eq!((held.status, withdrawn.status), (StatusCode::OK, StatusCode::NO_CONTENT));
    assert_eq!(entries(&held), Vec::<Value>::new());
    assert_eq!(server.client(Method::GET, "/client/v1/policy", None, None).await.problem().1, "no_certificate");
    assert_eq!(server.policy(&member, "?wait_s=x", None).await.problem(), (400, "invalid_query".to_owned()));
}

#[tokio::test]
async fn reports_are_summarised_and_listed() {
    let (server, member) = Server::delivering().await;
    let batch = json!([state(2, "succeeded"), state(1, "running")]);
    assert_eq!(server.report(&member, batch.clone()).await.json(), json!({ "accepted": 2, "new": 2 }));
    assert_eq!(server.report(&member, batch).await.json(), json!({ "accepted": 2, "new": 0 }));
    let view = server.admin(Method::GET, "/api/v1/advertisements/now", None).await.json();
    let counted = json!({ "targeted": 1, "states": [{ "state": "succeeded", "devices": 1 }] });
    assert_eq!(view["summary"], counted);
    let path = "/api/v1/advertisements/now/devices";
    for (state, found) in [("succeeded", 1), ("failed", 0)] {
        let listed = server.admin(Method::GET, &format!("{path}?state={state}"), None).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), found, "{state}");
    }
    let bad = server.admin(Method::GET, &format!("{path}?state=odd"), None).await;
    assert_eq!(bad.problem(), (400, "invalid_query".to_owned()));
    let first = server.admin(Method::GET, "/api/v1/status?device=pc&advertisement=now&limit=1", None).await.json();
    let cursor = first["next"].as_str().unwrap();
    let rest = server.admin(Method::GET, &format!("/api/v1/status?device={}&cursor={cursor}", member.id), None).await;
    let numbers =
        [&first["items"][0]["message"]["number"], &rest.json()["items"][0]["message"]["number"]].map(Value::clone);
    assert!(numbers == [json!(1), json!(2)] || numbers == [json!(2), json!(1)], "{numbers:?}");
    let unknown = server.admin(Method::GET, "/api/v1/status?device=nobody", None).await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn reports_beyond_the_limits_are_refused() {
    let (server, member) = Server::delivering().await;
    let many: Vec<_> = (1..=501).map(|number| state(number, "running")).collect();
    assert_eq!(server.report(&member, json!(many)).await.problem(), (413, "too_many".to_owned()));
    assert_eq!(server.report(&member, json!("x")).await.problem(), (400, "invalid_body".to_owned()));
    let large = json!([{ "number": 1, "text": "x".repeat(9 << 20) }]);
    assert_eq!(server.report(&member, large).await.problem(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn each_message_is_answered_for_itself() {
    let (server, member) = Server::delivering().await;
    let batch =
        json!([state(0, "running"), state(1, "running"), 7, state(2, "a state of tomorrow"), state(3, "tomorrow")]);
    let answer = server.report(&member, batch).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = answer.json();
    assert_eq!((&answer["accepted"], &answer["new"]), (&json!(3), &json!(3)));
    let refused: Vec<_> =
        answer["refused"].as_array().unwrap().iter().map(|one| (&one["place"], &one["code"])).collect();
    let expected = [(json!(0), json!("invalid_number")), (json!(2), json!("unreadable"))];
    assert_eq!(refused, expected.each_ref().map(|(place, code)| (place, code)));
    let list = server.admin(Method::GET, "/api/v1/advertisements/now/devices", None).await.json();
    assert_eq!(list["items"][0]["standing"]["state"], "tomorrow");
}

#[tokio::test]
async fn a_device_that_needs_a_newer_agent_is_found_and_its_features_are_shown() {
    let (server, member) = Server::delivering().await;
    let mut request = server.request(Method::PUT, "/client/v1/facts", Some(crate::collection::facts(1)));
    request.headers_mut().insert("dray-features", "persons, windows".parse().unwrap());
    let identity = Some((member.chain_pem.as_str(), member.key_pem.as_str()));
    assert_eq!(server.ask_at(server.running.client_addr, request, identity).await.status, StatusCode::NO_CONTENT);
    let waits = async || {
        let list = server.admin(Method::GET, "/api/v1/devices?needs_upgrade=true", None).await.json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(waits().await, 0);
    let mut waiting = state(1, "waiting");
    waiting["event"]["standing"]["reason"] =
        json!({ "code": "not_supported", "agent_version": "0.1", "feature": "windows" });
    server.report(&member, json!([waiting])).await;
    assert_eq!(waits().await, 1);
    let device = server.admin(Method::GET, "/api/v1/devices/pc", None).await.json();
    assert_eq!((&device["features"], &device["needs_upgrade"]), (&json!(["persons", "windows"]), &json!(true)));
}

#[tokio::test]
async fn advertisements_are_changed_from_the_revision_that_was_seen() {
    let (server, _) = Server::delivering().await;
    let path = "/api/v1/advertisements/now";
    let mut other = terms();
    other["title"] = json!("Soon");
    let changed = server.put(path, "\"1\"", json!({ "terms": other })).await;
    assert_eq!((&changed.headers[header::ETAG], &changed.json()["revision"]), (&"\"2\"".parse().unwrap(), &json!(2)));
    let stale = server.put(path, "\"1\"", json!({ "terms": terms() })).await;
    assert_eq!(stale.problem(), (412, "stale".to_owned()));
    let bare = server.admin(Method::PATCH, path, Some(json!({ "terms": terms() }))).await;
    assert_eq!(bare.problem(), (428, "if_match_required".to_owned()));
    let again = server.admin(Method::POST, &format!("{path}/rerun"), None).await.json();
    assert_eq!((&again["revision"], again["terms"]["assignments"].as_array().unwrap().len()), (&json!(3), 2));
    let list = server.admin(Method::GET, "/api/v1/advertisements", None).await.json();
    assert_eq!(list["items"], json!([again]));
    let taken =
        server.admin(Method::POST, "/api/v1/advertisements", Some(json!({ "name": "now", "terms": terms() }))).await;
    assert_eq!(taken.problem(), (409, "name_taken".to_owned()));
    let needed = server.admin(Method::DELETE, "/api/v1/packages/zip", None).await;
    assert_eq!(needed.problem(), (409, "in_use".to_owned()));
    assert_eq!(server.admin(Method::DELETE, path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.admin(Method::GET, path, None).await.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn why_tells_the_whole_chain() {
    let (server, member) = Server::delivering().await;
    server.policy(&member, "", None).await;
    let why = server.admin(Method::GET, "/api/v1/why?device=pc&program=zip%2Finstall", None).await.json();
    let stages: Vec<_> = why["chains"][0]["links"].as_array().unwrap().iter().map(|link| &link["link"]).collect();
    assert_eq!(stages, ["membership", "policy", "time", "content", "requirements", "run", "result"]);
    assert_eq!(why["answer"], "pc has not reported anything about it");
    let unknown = server.admin(Method::GET, "/api/v1/why?device=pc&program=tar", None).await;
    assert_eq!(unknown.problem(), (404, "no_program".to_owned()));
    let nobody = server.admin(Method::GET, "/api/v1/why?device=nobody&program=zip", None).await;
    assert_eq!(nobody.problem(), (404, "not_found".to_owned()));
}
