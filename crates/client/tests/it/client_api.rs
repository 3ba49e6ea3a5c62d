//! Held requests and documents.

use std::sync::{Arc, Mutex};

use dray_client::client_api::Introduction;
use dray_client::{ClientApi, ClientError, Held, HttpLimits};
use dray_model::Digest;
use dray_model::api::client::PointAssignments;

use crate::server::{self, Authority, TestServer};

#[tokio::test]
async fn a_held_request_names_what_is_known_and_hears_of_news_or_none() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |request| async move {
        assert_eq!(request.uri(), "/client/v1/policy?wait_s=600");
        if request.headers().get("if-none-match").is_some_and(|tag| tag == "\"7\"") {
            return server::bytes(304, "");
        }
        let mut answer = server::bytes(200, "envelope");
        answer.headers_mut().insert("etag", "\"7\"".parse().unwrap());
        answer
    })
    .await;
    let api = ClientApi::new(server.url.clone(), authority.client(Some(&authority.device()), HttpLimits::default()));
    let first = api.policy(None, 3600, &Introduction::default()).await.unwrap();
    assert_eq!(first, Held::Changed { etag: "\"7\"".to_owned(), value: "envelope".into() });
    assert_eq!(api.policy(Some("\"7\""), 3600, &Introduction::default()).await.unwrap(), Held::NotModified);
}

#[tokio::test]
async fn news_without_a_name_could_never_be_asked_for_again_and_is_damaged() {
    let authority = Authority::new();
    let none = PointAssignments { contents: Vec::new(), number: 0, returned: None };
    let server = TestServer::start(&authority, &authority.site(), move |_| {
        let answer = server::json(200, &none);
        async { answer }
    })
    .await;
    let api = ClientApi::new(server.url.clone(), authority.client(None, HttpLimits::default()));
    let error = api.point_assignments(None, 0).await.unwrap_err();
    assert!(matches!(error, ClientError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_document_with_another_digest_is_damaged() {
    let authority = Authority::new();
    let server = TestServer::start(&authority, &authority.site(), |_| async { server::bytes(200, "envelope") }).await;
    let api = ClientApi::new(server.url.clone(), authority.client(None, HttpLimits::default()));
    assert_eq!(api.document(&Digest::of(b"envelope")).await.unwrap(), "envelope");
    let error = api.document(&Digest::of(b"other")).await.unwrap_err();
    assert!(matches!(error, ClientError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn requests_go_where_the_interface_says() {
    let authority = Authority::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let server = TestServer::start(&authority, &authority.site(), move |request| {
        log.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
        async { server::bytes(200, r#"{"contents":[],"new":0}"#) }
    })
    .await;
    let api = ClientApi::new(server.url.clone(), authority.client(None, HttpLimits::default()));
    let _ = api.locations(Vec::new()).await;
    let _ = api.send_status(Vec::new()).await;
    let _ = api.point_reports(Vec::new()).await;
    let _ = api.renew().await;
    let _ = api.document(&Digest::of(b"")).await;
    let document = format!("GET /client/v1/documents/{}", Digest::of(b""));
    let expected = [
        "POST /client/v1/locations",
        "POST /client/v1/status",
        "POST /client/v1/point/reports",
        "POST /client/v1/renew",
        &document,
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    assert_eq!(api.site_content().unwrap().as_str(), format!("{}/client/v1/content", server.url));
}
