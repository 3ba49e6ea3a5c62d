//! Administrator tokens over HTTP, the pattern of every resource: rights, paging, idempotency.

use http::{HeaderValue, Method, header};
use serde_json::json;

use crate::client::Server;

#[tokio::test]
async fn tokens_are_made_listed_in_pages_and_revoked() {
    let server = Server::start().await;
    let made = server.admin(Method::POST, "/api/v1/tokens", Some(json!({ "name": "ci", "role": "reader" }))).await;
    assert_eq!(
        (made.status.as_u16(), &made.headers[header::CACHE_CONTROL]),
        (201, &HeaderValue::from_static("no-store"))
    );
    let first = server.admin(Method::GET, "/api/v1/tokens?limit=1", None).await.json();
    assert_eq!(first["items"][0]["name"], "ci");
    let path = format!("/api/v1/tokens?limit=1&cursor={}", first["next"].as_str().unwrap());
    let second = server.admin(Method::GET, &path, None).await.json();
    assert_eq!((&second["items"][0]["name"], second.get("next")), (&json!("first-administrator"), None));

    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let mut request = server.request(Method::GET, "/api/v1/jobs", None);
    request.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {secret}").parse().unwrap());
    assert_eq!(server.ask(request.clone()).await.status, 200);
    assert_eq!(server.admin(Method::DELETE, "/api/v1/tokens/ci", None).await.status, 204);
    assert_eq!(server.ask(request).await.problem(), (401, "revoked_token".to_owned()));
    let log = server.admin(Method::GET, "/api/v1/audit", None).await.json();
    assert_eq!((&log["items"][0]["action"], &log["items"][0]["seq"]), (&json!("token.revoke"), &json!(8)));
}

#[tokio::test]
async fn refusals_are_problems_with_stable_codes() {
    let server = Server::start().await;
    let ask = async |method, path, body| server.admin(method, path, body).await.problem();
    let code = |status: u16, code: &str| (status, code.to_owned());
    let new = json!({ "name": "first-administrator", "role": "reader" });
    assert_eq!(ask(Method::POST, "/api/v1/tokens", Some(new)).await, code(409, "name_taken"));
    let bad_name = json!({ "name": "A b", "role": "reader" });
    assert_eq!(ask(Method::POST, "/api/v1/tokens", Some(bad_name)).await, code(400, "invalid_body"));
    assert_eq!(ask(Method::POST, "/api/v1/tokens", None).await, code(415, "not_json"));
    let large = json!({ "name": "x".repeat(2 << 20) });
    assert_eq!(ask(Method::POST, "/api/v1/tokens", Some(large)).await, code(413, "body_too_large"));
    assert_eq!(ask(Method::DELETE, "/api/v1/tokens/nobody", None).await, code(404, "not_found"));
    assert_eq!(ask(Method::GET, "/api/v1/tokens?cursor=%21", None).await, code(404, "no_page"));
    assert_eq!(ask(Method::GET, "/api/v1/tokens?cursor=", None).await, code(404, "no_page"));
    assert_eq!(ask(Method::GET, "/api/v1/tokens?limit=x", None).await, code(400, "invalid_query"));
    for limit in [0, 1001] {
        let path = format!("/api/v1/tokens?limit={limit}");
        assert_eq!(server.admin(Method::GET, &path, None).await.problem(), code(400, "invalid_limit"));
    }
    let own = "/api/v1/tokens/first-administrator";
    assert_eq!(ask(Method::DELETE, own, None).await, code(409, "own_token"));
    let whole = json!({ "name": "whole", "role": "reader", "valid_s": 60.0 });
    assert_eq!(server.admin(Method::POST, "/api/v1/tokens", Some(whole)).await.status, 201);
    assert_eq!(ask(Method::PUT, "/api/v1/tokens", None).await, code(405, "no_method"));
    assert_eq!(ask(Method::GET, "/nowhere", None).await, code(404, "no_route"));
    assert_eq!(ask(Method::POST, "/api/v1/jobs/j-0000000000001/cancel", None).await, code(404, "not_found"));
}

#[tokio::test]
async fn nothing_of_the_api_is_reached_without_a_token() {
    let server = Server::start().await;
    for path in ["/api/v1/tokens", "/api/v1/audit", "/api/v1/jobs"] {
        let mut request = server.request(Method::GET, path, None);
        request.headers_mut().remove(header::AUTHORIZATION);
        let answer = server.ask(request).await;
        assert_eq!(answer.problem(), (401, "no_token".to_owned()));
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
    }
}

#[tokio::test]
async fn a_repeated_request_with_a_key_gets_the_first_answer() {
    let server = Server::start().await;
    let id = {
        use dray_model::ObjectKind;
        use dray_site::{Actor, Object, Permission, Record};
        let mut change = server.test.site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await.unwrap();
        let id = change.enqueue::<dray_site::job::Housekeeping>(None, &dray_site::job::Nothing {}).await.unwrap();
        let job = Object::new(ObjectKind::Job, id);
        change.record(Record::done(job, "test", json!({})));
        change.commit().await.unwrap();
        id
    };
    let path = format!("/api/v1/jobs/{id}/cancel");
    let with_key = |path: &str, body| {
        let mut request = server.request(Method::POST, path, body);
        request.headers_mut().insert("idempotency-key", HeaderValue::from_static("k1"));
        request
    };
    let first = server.ask(with_key(&path, None)).await;
    let again = server.ask(with_key(&path, None)).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (204, 204));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(server.admin(Method::POST, &path, None).await.problem(), (409, "not_waiting".to_owned()));
    let other = server.ask(with_key(&path, Some(json!({})))).await;
    assert_eq!(other.problem(), (422, "key_reused".to_owned()));
}
