//! The content store over HTTP: its objects, what is wrong with them, and bringing them back.

use bytes::Bytes;
use dray_site::job::{Runner, registry};
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::client::{Answer, Server};

impl Server {
    async fn bring(&self, object: &str, bytes: Bytes) -> Answer {
        let path = format!("/api/v1/content/objects/{object}");
        let request: Request<Full<Bytes>> = self.request(Method::PUT, &path, None).map(|_| Full::new(bytes));
        self.ask(request).await
    }

    async fn done(&self, started: &Answer) {
        assert_eq!(started.status, 202, "{:?}", started.body);
        let runner = Runner::start(self.test.site.clone(), registry());
        let path = format!("/api/v1/jobs/{}", started.json()["job"].as_str().unwrap());
        while self.admin(Method::GET, &path, None).await.json()["state"] != "done" {
            tokio::task::yield_now().await;
        }
        runner.stop().await;
    }
}

#[tokio::test]
async fn an_object_is_listed_downloaded_missed_and_brought_back() {
    let server = Server::start().await;
    server.published().await;
    let get = async |path: &str| server.admin(Method::GET, path, None).await;
    let objects = get("/api/v1/packages/zip/objects?source_version=1").await.json();
    let pack = objects["objects"][0]["object"].as_str().unwrap().to_owned();
    assert_eq!(get("/api/v1/packages/zip/objects?source_version=2").await.problem(), (404, "no_version".to_owned()));
    let found = get(&format!("/api/v1/content/objects/{pack}")).await;
    assert_eq!(found.headers[header::CONTENT_LENGTH], objects["objects"][0]["size_bytes"].to_string());
    let elsewhere = pack.replace("packs/", "trees/");
    assert_eq!(get(&format!("/api/v1/content/objects/{elsewhere}")).await.problem(), (404, "not_found".to_owned()));
    assert_eq!(server.bring(&pack, found.body.clone()).await.problem(), (409, "not_damaged".to_owned()));

    std::fs::remove_dir_all(server.test.site.dir().join("source")).unwrap();
    std::fs::remove_file(server.test.site.dir().join("content").join(&pack)).unwrap();
    server.done(&server.admin(Method::POST, "/api/v1/content/verify", None).await).await;
    let damage = get("/api/v1/content/damage").await.json();
    assert_eq!(
        (&damage["objects"][0]["object"], &damage["objects"][0]["state"]),
        (&pack.as_str().into(), &"missing".into())
    );
    assert_eq!(get("/api/v1/content").await.json()["damaged"]["count"], 1);
    assert_eq!(server.bring(&pack, Bytes::from_static(b"other")).await.problem(), (422, "other_bytes".to_owned()));
    assert_eq!(server.bring(&pack, found.body).await.status, 204);
    assert_eq!(get("/api/v1/content/damage").await.json()["objects"], Value::Array(vec![]));
    server.done(&server.admin(Method::POST, "/api/v1/content/sweep", None).await).await;
    assert_eq!(get(&format!("/api/v1/content/objects/{pack}")).await.status, 200);
}
