//! Enrolment over TLS: tokens that count, tokens that do not, and devices that are shut out.

use dray_trust::NewIdentity;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{Answer, Server};

/// A device that enrolled, with what it connects by.
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

impl Server {
    /// A request to the clients' API, with the certificate of a member or without.
    pub(crate) async fn client(&self, method: Method, path: &str, body: Option<Value>, who: Option<&Member>) -> Answer {
        let mut request = self.request(method, path, body);
        request.headers_mut().remove(header::AUTHORIZATION);
        let identity = who.map(|member| (member.chain_pem.as_str(), member.key_pem.as_str()));
        self.ask_at(self.running.client_addr, request, identity).await
    }

    pub(crate) async fn enrolment_token(&self, purpose: Value) -> String {
        let made = self.admin(Method::POST, "/api/v1/enrolment-tokens", Some(json!({ "for": purpose }))).await;
        assert_eq!(
            (made.status, made.headers[header::CACHE_CONTROL].as_bytes()),
            (StatusCode::CREATED, b"no-store".as_slice())
        );
        made.json()["secret"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn enrol(&self, host_name: &str) -> Member {
        let token = self.enrolment_token(json!({ "kind": "devices", "count": 1 })).await;
        let NewIdentity { key_pem, csr_pem } = NewIdentity::generate();
        let body = json!({ "token": token, "csr": csr_pem, "member": "device", "host_name": host_name });
        let answer = self.client(Method::POST, "/client/v1/enrol", Some(body), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let answer = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let identity = &answer["identity"];
        Member {
            id: text(&identity["id"]),
            name: text(&identity["name"]),
            chain_pem: text(&answer["certificate"]),
            key_pem,
        }
    }
}

#[tokio::test]
async fn a_device_enrols_and_renews_its_certificate() {
    let server = Server::start().await;
    let member = server.enrol("Kiosk.example").await;
    assert_eq!(member.name, "kiosk");
    let NewIdentity { key_pem, csr_pem } = NewIdentity::generate();
    let renewal = Some(json!({ "csr": csr_pem }));
    let renewed = server.client(Method::POST, "/client/v1/renew", renewal.clone(), Some(&member)).await;
    let chain_pem = renewed.json()["certificate"].as_str().unwrap().to_owned();
    let again = Member { chain_pem, key_pem, ..member };
    let renewed = server.client(Method::POST, "/client/v1/renew", renewal.clone(), Some(&again)).await;
    assert_eq!(renewed.status, StatusCode::OK);
    let refused = server.client(Method::POST, "/client/v1/renew", renewal, None).await;
    assert_eq!(refused.problem(), (401, "no_certificate".to_owned()));
    let tokens = server.admin(Method::GET, "/api/v1/enrolment-tokens", None).await.json();
    assert_eq!(tokens["items"][0]["used"], 1);
}

#[tokio::test]
async fn a_bad_token_is_refused_without_a_reason_and_many_are_held_up() {
    let server = Server::start().await;
    let csr = NewIdentity::generate().csr_pem;
    let ask = async |token: &str| {
        let body = json!({ "token": token, "csr": csr, "member": "device", "host_name": "pc" });
        server.client(Method::POST, "/client/v1/enrol", Some(body), None).await
    };
    let token = server.enrolment_token(json!({ "kind": "devices", "count": 1 })).await;
    assert_eq!(server.admin(Method::DELETE, "/api/v1/enrolment-tokens/1", None).await.status, 204);
    let (revoked, nonsense) = (ask(&token).await, ask("nonsense").await);
    assert_eq!(revoked.problem(), (403, "enrolment_refused".to_owned()));
    assert_eq!((nonsense.problem(), &nonsense.json()["detail"]), (revoked.problem(), &revoked.json()["detail"]));
    let mut last = ask("nonsense").await;
    while last.status == StatusCode::FORBIDDEN {
        last = ask("nonsense").await;
    }
    assert_eq!(last.problem(), (429, "too_many_attempts".to_owned()));
    assert_eq!(last.headers[header::RETRY_AFTER], "60");
}

#[tokio::test]
async fn what_an_enrolment_token_is_for_is_checked() {
    let server = Server::start().await;
    let ask = async |body| server.admin(Method::POST, "/api/v1/enrolment-tokens", Some(body)).await.problem();
    let code = |status: u16, code: &str| (status, code.to_owned());
    let devices = |count: u32| json!({ "kind": "devices", "count": count });
    assert_eq!(ask(json!({ "for": devices(0) })).await, code(422, "invalid_count"));
    assert_eq!(ask(json!({ "for": devices(1), "valid_s": 1 })).await, code(422, "invalid_validity"));
    assert_eq!(ask(json!({ "for": { "kind": "point", "point": "berlin" } })).await, code(409, "unresolved"));
    assert_eq!(ask(json!({ "for": { "kind": "users" } })).await, code(400, "invalid_body"));
    let missing = server.admin(Method::DELETE, "/api/v1/enrolment-tokens/9", None).await;
    assert_eq!(missing.problem(), code(404, "not_found"));
}
