//! What every request keeps to: limits, trust, and what refusals become.

use std::time::Duration;

use dray_client::{ClientApi, ClientError, ErrorClass, HttpLimits};
use dray_model::Digest;

use crate::server::{self, Authority, TestServer};

#[tokio::test]
async fn a_problem_becomes_a_refusal_in_the_words_of_the_site() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |_| async {
        let problem = serde_json::json!({
            "type": "urn:dray:problem:name_taken", "title": "Conflict", "status": 409, "code": "name_taken",
            "detail": "the name is taken", "hint": "choose another", "request_id": "r-1"
        });
        let mut answer = server::json(409, &problem);
        answer.headers_mut().insert("content-type", "application/problem+json".parse().unwrap());
        answer.headers_mut().insert("retry-after", "7".parse().unwrap());
        answer
    })
    .await;
    let api = ClientApi::new(server.url.clone(), authority.client(None, HttpLimits::default()));
    let error = api.locations(Vec::new()).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!((refusal.status, refusal.code.as_str()), (409, "name_taken"));
    assert_eq!(refusal.hint.as_deref(), Some("choose another"));
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(error.class(), ErrorClass::Permanent);
}

#[tokio::test]
async fn an_answer_without_explanation_is_classed_by_its_status() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |request| async move {
        let status = request.uri().path().rsplit('/').next().unwrap().get(..3).unwrap().parse().unwrap();
        server::bytes(status, "<html>")
    })
    .await;
    let http = authority.client(None, HttpLimits::default());
    for (status, class) in [(503, ErrorClass::Retryable), (404, ErrorClass::Absent), (302, ErrorClass::Permanent)] {
        let url = server.url.join(&format!("/{status}")).unwrap();
        let range = dray_client::http::ByteRange::new(0, 1).unwrap();
        let error = http.range(url, range).await.err().unwrap();
        assert_eq!(error.class(), class, "{status}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_not_taken() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |request| async move {
        match request.uri().path().contains("announced") {
            true => server::bytes(200, vec![b' '; 2000]),
            false => server::broken(200, vec![vec![b' '; 1500].into(); 2], server::Then::Hang),
        }
    })
    .await;
    let limits = HttpLimits { document_bytes_max: 1999, ..HttpLimits::default() };
    let http = authority.client(None, limits);
    for path in ["/announced", "/streamed"] {
        let api = ClientApi::new(server.url.below(path).unwrap(), http.clone());
        let error = api.document(&Digest::of(b"")).await.unwrap_err();
        assert!(matches!(error, ClientError::TooLarge { limit: 1999, .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |_| std::future::pending()).await;
    let limits = HttpLimits { head_timeout: Duration::from_millis(50), ..HttpLimits::default() };
    let api = ClientApi::new(server.url.clone(), authority.client(None, limits));
    let error = api.locations(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::Retryable);
}

#[tokio::test]
async fn a_body_that_stops_moving_is_given_up() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |_| async {
        server::broken(200, vec!["{".into()], server::Then::Hang)
    })
    .await;
    let limits = HttpLimits { body_idle_timeout: Duration::from_millis(50), ..HttpLimits::default() };
    let api = ClientApi::new(server.url.clone(), authority.client(None, limits));
    let error = api.locations(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = TestServer::start(&other, &other.site(), |_| async { server::bytes(200, "{}") }).await;
    let api = ClientApi::new(server.url.clone(), ours.client(None, HttpLimits::default()));
    let error = api.locations(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ClientError::Untrusted { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_told_to_be_refused() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = TestServer::start(&ours, &ours.site(), |_| async { server::bytes(200, "{}") }).await;
    let api = ClientApi::new(server.url.clone(), ours.client(Some(&other.device()), HttpLimits::default()));
    let error = api.locations(Vec::new()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Denied, "{error:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let authority = Authority::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error =
        ClientApi::new(url, authority.client(None, HttpLimits::default())).locations(Vec::new()).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn json_of_another_form_is_damaged() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |_| async { server::bytes(200, "[1, 2") }).await;
    let api = ClientApi::new(server.url.clone(), authority.client(None, HttpLimits::default()));
    let error = api.locations(Vec::new()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Damaged, "{error:?}");
}
