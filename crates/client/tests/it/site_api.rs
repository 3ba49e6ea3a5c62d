//! The administrators' API: paging, revisions, keys and waiting for jobs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use dray_client::site_api::JobWaitError;
use dray_client::{HttpLimits, SiteApi};
use dray_model::JobId;
use dray_model::Timestamp;
use dray_model::api::job::{Job, JobState};
use dray_model::api::package::ChangePackage;
use dray_model::api::page::Page;
use dray_model::api::token::{CreateToken, Token};
use http::Request;

use crate::server::{self, Authority, Body, TestServer};

type Log = Arc<Mutex<Vec<Request<bytes::Bytes>>>>;

/// A site that answers the n-th request with `answers(n)`, and what it was asked.
async fn site(answers: impl Fn(u32) -> http::Response<Body> + Send + Sync + 'static) -> (SiteApi, Log, TestServer) {
    let authority = Authority::new();
    let (log, count) = (Log::default(), AtomicU32::new(0));
    let asked = Arc::clone(&log);
    let server = TestServer::start(&authority, &authority.site(), move |request| {
        log.lock().unwrap().push(request);
        let answer = answers(count.fetch_add(1, Ordering::SeqCst));
        async { answer }
    })
    .await;
    let http = authority.client(None, HttpLimits::default());
    let keys = AtomicU32::new(0);
    let fresh = move || format!("key-{}", keys.fetch_add(1, Ordering::SeqCst));
    (SiteApi::new(server.url.clone(), "dray-admin.s.f", http, fresh).unwrap(), asked, server)
}

fn header(request: &Request<bytes::Bytes>, name: &str) -> String {
    request.headers()[name].to_str().unwrap().to_owned()
}

fn token(name: &str) -> Token {
    let created_at = Timestamp::from_secs(0);
    Token {
        name: name.parse().unwrap(),
        role: "reader".parse().unwrap(),
        scope: None,
        created_at,
        expires_at: None,
        revoked_at: None,
    }
}

fn job(state: JobState) -> Job {
    let at = Timestamp::from_secs(0);
    Job {
        id: JobId::from_random(1),
        kind: "publish".to_owned(),
        key: None,
        state,
        attempts: 1,
        run_at: at,
        created_at: at,
        finished_at: None,
        progress: None,
        error: Some("the source vanished".to_owned()),
    }
}

#[tokio::test]
async fn a_list_is_followed_from_page_to_page() {
    let (api, asked, _server) = site(|n| {
        let next = (n < 2).then(|| format!("after {n}&"));
        server::json(200, &Page { items: vec![token(&format!("t{n}"))], next })
    })
    .await;
    let names: Vec<_> = api.tokens().all().await.unwrap().into_iter().map(|token| token.name.to_string()).collect();
    assert_eq!(names, ["t0", "t1", "t2"]);
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].uri(), "/api/v1/tokens?limit=1000");
    assert_eq!(asked[2].uri(), "/api/v1/tokens?limit=1000&cursor=after%201%26");
    assert_eq!(header(&asked[0], "authorization"), "Bearer dray-admin.s.f");
}

#[tokio::test]
async fn a_list_that_leads_in_a_circle_ends() {
    let (api, _, _server) =
        site(|n| server::json(200, &Page { items: vec![token(&format!("t{n}"))], next: Some("x".to_owned()) })).await;
    assert_eq!(api.tokens().all().await.unwrap().len(), 2);
    assert_eq!(api.tokens().first(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_creation_is_sent_again_with_the_same_key_when_its_answer_is_lost() {
    let (api, asked, _server) = site(|n| match n {
        0 => server::broken(200, Vec::new(), server::Then::Break),
        _ => server::json(201, &serde_json::json!({ "token": token("ci"), "secret": "dray-admin.x.y" })),
    })
    .await;
    // In a task of its own: what uses this library must be able to.
    let created = tokio::spawn(async move {
        let create =
            CreateToken { name: "ci".parse().unwrap(), role: "reader".parse().unwrap(), scope: None, valid_s: None };
        api.create_token(&create).await.unwrap()
    });
    let created = created.await.unwrap();
    assert_eq!(created.secret, "dray-admin.x.y");
    let keys: Vec<_> = asked.lock().unwrap().iter().map(|request| header(request, "idempotency-key")).collect();
    assert_eq!(keys, ["key-0", "key-0"]);
}

#[tokio::test]
async fn a_change_names_the_revision_that_it_was_made_from() {
    let (api, asked, _server) = site(|_| server::bytes(412, "")).await;
    let name = "seven-zip".parse().unwrap();
    let error = api.change_package(&name, 41, &ChangePackage::default()).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().status, 412);
    let asked = asked.lock().unwrap();
    assert_eq!((asked[0].method().as_str(), asked[0].uri().path()), ("PATCH", "/api/v1/packages/seven-zip"));
    assert_eq!(header(&asked[0], "if-match"), "\"41\"");
}

#[tokio::test]
async fn a_job_is_waited_for_through_a_restart_of_the_site() {
    let (api, _, _server) = site(|n| match n {
        0 => server::json(200, &job(JobState::Queued)),
        1 => server::bytes(503, ""),
        2 => server::json(200, &job(JobState::Running)),
        _ => server::json(200, &job(JobState::Done)),
    })
    .await;
    let mut seen = Vec::new();
    api.wait_for_job(&JobId::from_random(1), |job| seen.push(job.state)).await.unwrap();
    assert_eq!(seen, [JobState::Queued, JobState::Running, JobState::Done]);
}

#[tokio::test]
async fn a_job_that_failed_says_why() {
    let (api, _, _server) = site(|_| server::json(200, &job(JobState::Failed))).await;
    let error = api.wait_for_job(&JobId::from_random(1), |_| {}).await.unwrap_err();
    assert!(matches!(error, JobWaitError::Job(_)));
    assert!(error.to_string().ends_with("failed: the source vanished"), "{error}");
}
