//! Packages over HTTP: from a source folder to a release, and what is refused.

use std::fs;
use std::path::PathBuf;

use dray_site::job::{Runner, registry};
use http::{HeaderValue, Method, header};
use serde_json::{Value, json};

use crate::client::{Answer, Server};

impl Server {
    pub(crate) async fn change(&self, path: &str, if_match: Option<&str>, body: Value) -> Answer {
        let mut request = self.request(Method::PATCH, path, Some(body));
        if let Some(tag) = if_match {
            request.headers_mut().insert(header::IF_MATCH, HeaderValue::from_str(tag).unwrap());
        }
        self.ask(request).await
    }

    /// A folder with a text and enough noise for several chunks.
    pub(crate) fn source(&self) -> PathBuf {
        let folder = self.test.site.dir().join("source");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("readme"), b"Hello").unwrap();
        let mut noise = 1_u32;
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        })
        .take(600_000)
        .collect();
        fs::write(folder.join("noise"), bytes).unwrap();
        folder
    }

    /// Makes the package `zip` of a source folder and has it published.
    pub(crate) async fn published(&self) -> Value {
        let source = self.source();
        let made = self.admin(Method::POST, "/api/v1/packages", Some(json!({ "name": "zip", "source": source }))).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        self.work().await
    }

    /// Changes 2000 bytes of the source and has it published again.
    pub(crate) async fn published_again(&self) -> Value {
        let noise = self.test.site.dir().join("source").join("noise");
        let mut bytes = fs::read(&noise).unwrap();
        bytes[300_000..302_000].iter_mut().enumerate().for_each(|(at, byte)| *byte ^= ((at * at) >> 3) as u8 | 1);
        fs::write(noise, bytes).unwrap();
        let asked = self.admin(Method::POST, "/api/v1/packages/zip/update", None).await;
        assert_eq!(asked.status, 202, "{:?}", asked.body);
        self.work().await
    }

    /// Has workers publish the package and end that job, and shows the package.
    async fn work(&self) -> Value {
        let runner = Runner::start(self.test.site.clone(), registry());
        let published = loop {
            let package = self.admin(Method::GET, "/api/v1/packages/zip", None).await.json();
            if package["publishing"].is_null() {
                break package;
            }
        };
        runner.stop().await;
        published
    }
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_package_is_made_changed_listed_and_deleted() {
    let server = Server::start().await;
    let body = json!({ "name": "zip", "programs": [{ "name": "install", "command": "./install" }] });
    let made = server.admin(Method::POST, "/api/v1/packages", Some(body)).await;
    assert_eq!((made.status.as_u16(), &made.headers[header::ETAG]), (201, &HeaderValue::from_static("\"1\"")));
    assert_eq!(made.json()["release"]["number"], json!({ "source_version": 1, "revision": 1 }));

    let properties = json!({ "properties": { "title": "An archiver" } });
    let changed = server.change("/api/v1/packages/zip", Some("\"1\""), properties.clone()).await;
    assert_eq!((changed.status.as_u16(), &changed.headers[header::ETAG]), (200, &HeaderValue::from_static("\"2\"")));
    let stale = server.change("/api/v1/packages/zip", Some("\"1\""), json!({ "properties": {} })).await;
    assert_eq!(stale.problem(), code(412, "stale"));
    let missing = server.change("/api/v1/packages/zip", None, properties.clone()).await;
    assert_eq!(missing.problem(), code(428, "if_match_required"));
    assert_eq!(server.change("/api/v1/packages/zip", Some("*"), properties).await.status, 200);

    let list = server.admin(Method::GET, "/api/v1/packages", None).await.json();
    assert_eq!(list["items"][0]["properties"]["title"], "An archiver");
    let releases = server.admin(Method::GET, "/api/v1/packages/zip/releases", None).await.json();
    assert_eq!(releases["items"][0]["number"]["revision"], 2);
    assert_eq!(server.admin(Method::DELETE, "/api/v1/packages/zip", None).await.status, 204);
    assert_eq!(server.admin(Method::GET, "/api/v1/packages/zip", None).await.problem(), code(404, "not_found"));
}

#[tokio::test]
async fn a_source_folder_is_published_and_updated_by_jobs() {
    let server = Server::start().await;
    let package = server.published().await;
    assert_eq!(package["release"]["content"]["files"], 2);
    let update = "/api/v1/packages/zip/update";
    for body in [json!(null), json!({}), json!({ "checksum": true })] {
        assert_eq!(server.admin(Method::POST, update, Some(body)).await.status, 202);
    }
    let unknown = server.admin(Method::POST, update, Some(json!({ "checksums": true }))).await;
    assert_eq!(unknown.problem(), code(400, "invalid_body"));
    let started = server.admin(Method::POST, update, None).await;
    assert_eq!(started.status, 202);
    let job = format!("/api/v1/jobs/{}", started.json()["job"].as_str().unwrap());
    assert_eq!(server.admin(Method::GET, &job, None).await.json()["kind"], "publish");
}

#[tokio::test]
async fn bad_packages_are_refused_with_a_code_and_a_hint() {
    let server = Server::start().await;
    let ask = async |body: Value| server.admin(Method::POST, "/api/v1/packages", Some(body)).await;
    let program = |requirement: &str| json!([{ "name": "a", "command": "x", "requirement": { "text": requirement } }]);
    let expression = ask(json!({ "name": "zip", "programs": program("plattform == \"linux\"") })).await;
    assert_eq!(expression.problem(), code(422, "invalid_expression"));
    assert!(expression.json()["hint"].as_str().unwrap().contains("platform"));
    let twice = json!([{ "name": "a", "command": "x" }, { "name": "a", "command": "y" }]);
    assert_eq!(ask(json!({ "name": "zip", "programs": twice })).await.problem(), code(422, "program_twice"));
    for source in ["relative", "/nowhere/at/all"] {
        let refused = ask(json!({ "name": "zip", "source": source })).await;
        assert_eq!(refused.problem(), code(422, "invalid_source"));
    }
    let long = json!({ "name": "zip", "properties": { "title": "x".repeat(129) } });
    assert_eq!(ask(long).await.problem(), code(400, "invalid_body"));
    let unknown = json!({ "name": "zip", "sauce": "/" });
    assert_eq!(ask(unknown).await.problem(), code(400, "invalid_body"));
    let deep = json!([{ "name": "a", "command": "x", "retry": { "count": 1, "interval_s": 60, "wait": 1 } }]);
    let refused = ask(json!({ "name": "zip", "programs": deep })).await;
    assert_eq!(refused.problem(), code(400, "invalid_body"));
    assert_eq!(refused.json()["detail"], "the body has an unknown field: \"programs.0.retry.wait\"");
    assert_eq!(ask(json!({ "name": "zip" })).await.status, 201);
    assert_eq!(ask(json!({ "name": "zip" })).await.problem(), code(409, "name_taken"));
    let path = "/api/v1/packages/zip/update";
    assert_eq!(server.admin(Method::POST, path, None).await.problem(), code(409, "no_source"));
    assert_eq!(server.admin(Method::DELETE, "/api/v1/packages/none", None).await.problem(), code(404, "not_found"));
}

#[tokio::test]
async fn malformed_and_deep_json_is_refused() {
    let server = Server::start().await;
    let with = |text: String| {
        let mut request = server.request(Method::POST, "/api/v1/packages", Some(json!({})));
        *request.body_mut() = text.into();
        request
    };
    assert_eq!(server.ask(with("{\"name\":".to_owned())).await.problem(), code(400, "invalid_body"));
    let deep = format!(r#"{{"name": "zip", "x": {}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(server.ask(with(deep)).await.problem().1, "invalid_body");
}
