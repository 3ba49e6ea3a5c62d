//! Enrolment: the secret goes to the right site alone, and its answer is checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dray_client::client_api::{EnrolError, enrol};
use dray_client::{ClientError, HttpLimits};
use dray_model::DeviceId;
use dray_model::api::client::{EnrolRequest, Enrolled, EnrolledIdentity, MemberKind};
use dray_trust::{Identity, Token, TokenKind};

use crate::server::{self, Authority, Credentials, TestServer};

async fn site(
    served_by: &Authority,
    certified_by: Arc<Authority>,
    with: &Credentials,
) -> (TestServer, Arc<AtomicBool>) {
    let asked = Arc::new(AtomicBool::new(false));
    let log = Arc::clone(&asked);
    let server = TestServer::start(served_by, with, move |request| {
        log.store(true, Ordering::SeqCst);
        let authority = Arc::clone(&certified_by);
        async move {
            let asked: EnrolRequest = serde_json::from_slice(request.body()).unwrap();
            assert!(asked.token.starts_with("dray-enrol.") && asked.host_name == "pc-1");
            let id = DeviceId::from_random(5);
            server::json(
                201,
                &Enrolled {
                    identity: EnrolledIdentity::Device { id, name: "pc-1".parse().unwrap() },
                    site: "acme".parse().unwrap(),
                    certificate: authority.certify(&asked.csr, &Identity::Device(id)),
                    authority: authority.0.ca_pem().to_owned(),
                    trusted_keys: serde_json::json!({}),
                },
            )
        }
    })
    .await;
    (server, asked)
}

fn token(authority: &Authority) -> String {
    Token::generate(TokenKind::Enrolment, authority.0.fingerprint()).reveal()
}

#[tokio::test]
async fn a_token_is_enough_to_become_a_member_of_its_site() {
    let authority = Arc::new(Authority::new());
    let (server, _) = site(&authority, Arc::clone(&authority), &authority.site()).await;
    let enrolment =
        enrol(&server.url, &token(&authority), (MemberKind::Device, "pc-1"), HttpLimits::default()).await.unwrap();
    let identity = (enrolment.enrolled.certificate, enrolment.key_pem);
    // With what came of it the site lets us in.
    let http = authority.client(Some(&identity), HttpLimits::default());
    let range = dray_client::http::ByteRange::new(0, 1).unwrap();
    assert!(http.range(server.url.join("/").unwrap(), range).await.is_err_and(|e| e.refusal().is_none()));
}

#[tokio::test]
async fn the_secret_is_not_shown_to_a_server_of_another_authority() {
    let (ours, other) = (Authority::new(), Arc::new(Authority::new()));
    let (server, asked) = site(&other, Arc::clone(&other), &other.site()).await;
    let error =
        enrol(&server.url, &token(&ours), (MemberKind::Device, "pc-1"), HttpLimits::default()).await.unwrap_err();
    assert!(matches!(error, EnrolError::Request(ClientError::Untrusted { .. })), "{error:?}");
    assert!(!asked.load(Ordering::SeqCst));
}

#[tokio::test]
async fn an_answer_of_another_authority_than_the_tokens_is_refused() {
    let (ours, other) = (Authority::new(), Arc::new(Authority::new()));
    let (server, _) = site(&ours, other, &ours.site()).await;
    let error =
        enrol(&server.url, &token(&ours), (MemberKind::Device, "pc-1"), HttpLimits::default()).await.unwrap_err();
    assert!(matches!(error, EnrolError::Request(ClientError::Damaged { .. })), "{error:?}");
}

#[tokio::test]
async fn a_text_that_is_no_enrolment_token_is_refused_without_asking_anybody() {
    let url = "https://127.0.0.1:9".parse().unwrap();
    let admin = Token::generate(TokenKind::Admin, Authority::new().0.fingerprint()).reveal();
    for text in ["", "secret", &admin] {
        let error = enrol(&url, text, (MemberKind::Device, "pc-1"), HttpLimits::default()).await.unwrap_err();
        assert!(matches!(error, EnrolError::Token(_)), "{error:?}");
    }
}
