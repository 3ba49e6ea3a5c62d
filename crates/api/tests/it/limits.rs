//! `[limits]` of site.toml: each takes effect.

use bytes::Bytes;
use dray_site::{Limit, Limits};
use http::{Method, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::client::Server;

/// The least that can be set for a body.
const BODY: usize = 65_536;
/// The least that can be set for connections.
const CONNECTIONS: usize = 16;
/// The least that can be set for requests in a minute.
const REQUESTS: usize = 60;

fn small_bodies() -> Limits {
    Limits {
        body_bytes: Limit::new(65_536),
        facts_bytes: Limit::new(65_536),
        status_bytes: Limit::new(65_536),
        ..Limits::default()
    }
}

#[tokio::test]
async fn bodies_are_as_large_as_their_limits() {
    let server = Server::start_within(small_bodies()).await;
    let member = server.enrol("pc").await;
    for (length, expected) in [(BODY + 1, (413, "body_too_large")), (BODY / 2, (400, "invalid_body"))] {
        let body = || Some(json!("x".repeat(length)));
        for (method, path) in [(Method::PUT, "/client/v1/facts"), (Method::POST, "/client/v1/status")] {
            let problem = server.client(method, path, body(), Some(&member)).await.problem();
            assert_eq!((problem.0, problem.1.as_str()), expected, "{path}");
        }
        for path in ["/api/v1/packages", "/api/v1/enrolment-tokens"] {
            let problem = server.admin(Method::POST, path, body()).await.problem();
            assert_eq!((problem.0, problem.1.as_str()), expected, "{path}");
        }
        let mut keyed = server.request(Method::POST, "/api/v1/packages", body());
        keyed.headers_mut().insert("idempotency-key", "once".parse().unwrap());
        let problem = server.ask(keyed).await.problem();
        assert_eq!((problem.0, problem.1.as_str()), expected, "with an idempotency key");
    }
}

#[tokio::test]
async fn callers_who_ask_too_often_are_told_to_wait() {
    let limits = Limits {
        administrator_requests_per_minute: Limit::new(60),
        client_requests_per_minute: Limit::new(60),
        ..Limits::default()
    };
    let server = Server::start_within(limits).await;
    let (member, other) = (server.enrol("pc").await, server.enrol("other").await);
    let shown = Some((member.chain_pem.as_str(), member.key_pem.as_str()));
    for (addr, identity, path) in [
        (server.running.client_addr, shown, "/client/v1/policy"),
        (server.running.admin_addr, None, "/api/v1/packages"),
    ] {
        let mut sender = server.connect::<Full<Bytes>>(addr, identity).await;
        let mut answers = Vec::new();
        for _ in 0..REQUESTS * 3 {
            answers.push(sender.send_request(server.request(Method::GET, path, None)).await.unwrap());
        }
        assert!(answers.iter().any(|answer| answer.status() == StatusCode::OK), "{path}");
        let refused = answers.iter().find(|answer| answer.status() != StatusCode::OK).unwrap();
        assert_eq!(
            (refused.status(), &refused.headers()["retry-after"]),
            (StatusCode::TOO_MANY_REQUESTS, &"60".parse().unwrap())
        );
    }
    let of_other = server.client(Method::GET, "/client/v1/policy", None, Some(&other)).await;
    assert_eq!(of_other.status, StatusCode::OK, "another device is another caller");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_one_ends() {
    let limits = Limits { connections: Limit::new(16), ..Limits::default() };
    let server = Server::start_within(limits).await;
    let addr = server.running.admin_addr;
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(server.connect::<Full<Bytes>>(addr, None).await);
    }
    let mut waiting = Box::pin(server.connect::<Full<Bytes>>(addr, None));
    for _ in 0..20 {
        for sender in &mut open {
            let asked = sender.send_request(server.request(Method::GET, "/healthz", None));
            tokio::select! {
                biased;
                _ = &mut waiting => panic!("one more was let in"),
                answer = asked => assert_eq!(answer.unwrap().status(), StatusCode::OK),
            }
        }
    }
    open.pop();
    let mut sender = waiting.await;
    let answer = sender.send_request(server.request(Method::GET, "/healthz", None)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
