//! Distribution points over HTTP: what they are to hold, what they report, where clients are sent.

use dray_model::Digest;
use dray_trust::NewIdentity;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use crate::client::{Answer, Server};
use crate::enrolment::Member;

impl Server {
    async fn point(&self, name: &str) -> Value {
        let body = json!({ "name": name, "url": format!("https://{name}.example:8443") });
        let made = self.admin(Method::POST, "/api/v1/points", Some(body)).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        made.json()
    }

    /// Makes a point and enrols it.
    async fn enrolled_point(&self, name: &str) -> Member {
        self.point(name).await;
        let token = self.enrolment_token(json!({ "kind": "point", "point": name })).await;
        let NewIdentity { key_pem, csr_pem } = NewIdentity::generate();
        let body = json!({ "token": token, "csr": csr_pem, "member": "point", "host_name": name });
        let answer = self.client(Method::POST, "/client/v1/enrol", Some(body), None).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let chain_pem = answer.json()["certificate"].as_str().unwrap().to_owned();
        Member { id: String::new(), name: name.to_owned(), chain_pem, key_pem }
    }

    async fn get_with(&self, path: &str, pairs: &[(HeaderName, String)], who: &Member) -> Answer {
        let mut request = self.request(Method::GET, path, None);
        request.headers_mut().remove(header::AUTHORIZATION);
        for (name, value) in pairs {
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        self.ask_at(self.running.client_addr, request, Some((&who.chain_pem, &who.key_pem))).await
    }
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_point_is_made_changed_and_deleted() {
    let server = Server::start().await;
    assert_eq!(server.point("berlin").await["url"], "https://berlin.example:8443");
    let ask = async |name: &str, url: &str| {
        let body = json!({ "name": name, "url": url });
        server.admin(Method::POST, "/api/v1/points", Some(body)).await.problem()
    };
    assert_eq!(ask("berlin", "https://x.example").await, code(409, "name_taken"));
    assert_eq!(ask("site", "https://x.example").await, code(409, "name_taken"));
    assert_eq!(ask("paris", "http://x.example").await, code(422, "invalid_url"));
    let path = "/api/v1/points/berlin";
    let off = server.change(path, Some("\"1\""), json!({ "enabled": false })).await;
    assert_eq!((off.status.as_u16(), &off.json()["enabled"]), (200, &json!(false)));
    assert_eq!(server.change(path, Some("\"1\""), json!({ "enabled": true })).await.problem(), code(412, "stale"));
    assert_eq!(server.admin(Method::DELETE, path, None).await.status, 204);
    assert_eq!(server.admin(Method::GET, path, None).await.problem(), code(404, "not_found"));
}

#[tokio::test]
async fn an_update_is_told_to_devices_and_points_and_served_to_both() {
    let server = Server::start().await;
    let first = server.published().await;
    let berlin = server.enrolled_point("berlin").await;
    let device = server.enrol("kiosk").await;
    let second = server.published_again().await;
    let content = &second["release"]["content"]["digest"];

    let found =
        server.client(Method::POST, "/client/v1/locations", Some(json!({ "contents": [content] })), Some(&device));
    let found = found.await.json();
    let update = &found["contents"][0]["updates"][0];
    assert_eq!(update["from"], first["release"]["content"]["digest"], "{found}");
    assert!(update["fetch_bytes"].as_u64() < second["release"]["new_bytes"].as_u64(), "{found}");
    assert_eq!(server.admin(Method::PUT, "/api/v1/points/berlin/packages/zip", None).await.status, 204);
    let assigned = server.get_with("/client/v1/point/assignments", &[], &berlin).await.json();
    let assigned = &assigned["contents"][0]["updates"][0];
    assert_eq!((&assigned["object"], &assigned["bytes"]), (&update["object"], &update["bytes"]));
    let (object, pack) = (assigned["object"].as_str().unwrap(), assigned["packs"][0]["digest"].as_str().unwrap());
    let of_manifest = assigned["manifest_difference"]["digest"].as_str().unwrap();
    for (kind, digest) in [("updates", object), ("packs", pack), ("manifest-differences", of_manifest)] {
        for who in [&berlin, &device] {
            let served = server.get_with(&format!("/client/v1/content/{kind}/{digest}"), &[], who).await;
            assert_eq!((served.status, Digest::of(&served.body).to_string().as_str()), (StatusCode::OK, digest));
        }
    }

    let listed = server.admin(Method::GET, "/api/v1/packages/zip/updates", None).await.json();
    assert_eq!((&listed["updates"][0]["from_version"], &listed["updates"][0]["level"]), (&json!(1), &json!("publish")));
    let stats = server.admin(Method::GET, "/api/v1/content", None).await.json();
    assert_eq!((&stats["updates"]["count"], &stats["update_fetch_bytes"]), (&json!(1), &update["fetch_bytes"]));
    assert_eq!(stats["manifest_differences"]["count"], 1);
    let unknown = server.get_with(&format!("/client/v1/content/secrets/{object}"), &[], &device).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let asked = server.admin(Method::POST, "/api/v1/packages/zip/improve", None).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    let unknown = server.admin(Method::POST, "/api/v1/packages/unknown/improve", None).await;
    assert_eq!(unknown.problem(), code(404, "not_found"));
}

#[tokio::test]
async fn a_package_travels_from_the_site_over_a_point_to_a_device() {
    let server = Server::start().await;
    let package = server.published().await;
    let content = package["release"]["content"]["digest"].as_str().unwrap().to_owned();
    let berlin = server.enrolled_point("berlin").await;
    let device = server.enrol("kiosk").await;

    let path = "/client/v1/point/assignments";
    let empty = server.get_with(path, &[], &berlin).await;
    let said = empty.json();
    assert_eq!((&said["contents"], said["number"].is_u64()), (&json!([]), true), "{said}");
    let known = [(header::IF_NONE_MATCH, empty.headers[header::ETAG].to_str().unwrap().to_owned())];
    assert_eq!(server.get_with(path, &known, &berlin).await.status, StatusCode::NOT_MODIFIED);
    let (held, assigned) = tokio::join!(
        server.get_with("/client/v1/point/assignments?wait_s=600", &known, &berlin),
        server.admin(Method::PUT, "/api/v1/points/berlin/packages/zip", None)
    );
    assert_eq!((assigned.status, held.status), (StatusCode::NO_CONTENT, StatusCode::OK));
    assert_eq!(held.json()["contents"][0]["content"], content.as_str());

    let manifest = held.json()["contents"][0]["manifest"].as_str().unwrap().to_owned();
    let object = server.get_with(&format!("/client/v1/content/manifests/{manifest}"), &[], &berlin).await;
    assert_eq!(Digest::of(&object.body).to_string(), manifest);

    let report = json!({ "reports": [{ "content": content, "state": { "state": "installed", "verified_at": "2026-11-22T12:00:00Z" } }] });
    let told = server.client(Method::POST, "/client/v1/point/reports", Some(report.clone()), Some(&berlin)).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{:?}", told.body);
    let on = server.admin(Method::GET, "/api/v1/points/berlin/packages", None).await.json();
    assert_eq!((&on["items"][0]["held"], &on["items"][0]["state"]["state"]), (&json!(1), &json!("installed")));

    let wanted = Some(json!({ "contents": [content, Digest::of(b"?")] }));
    let found = server.client(Method::POST, "/client/v1/locations", wanted.clone(), Some(&device)).await.json();
    let sources = &found["contents"][0]["sources"];
    assert_eq!(found["contents"].as_array().unwrap().len(), 1);
    assert_eq!(sources[0], json!({ "name": "berlin", "url": "https://berlin.example:8443/v1" }));
    assert_eq!(sources[1], json!({ "name": "site", "url": "https://localhost/client/v1/content" }));

    let digest = package["release"]["digest"].as_str().unwrap();
    let document = server.get_with(&format!("/client/v1/documents/{digest}"), &[], &device).await;
    assert_eq!(Digest::of(&document.body).to_string(), digest);

    let as_device = server.client(Method::POST, "/client/v1/point/reports", Some(report), Some(&device)).await;
    assert_eq!(as_device.problem(), code(401, "no_certificate"));
    let as_point = server.client(Method::POST, "/client/v1/locations", wanted, Some(&berlin)).await;
    assert_eq!(as_point.problem(), code(401, "no_certificate"));
    assert_eq!(server.admin(Method::DELETE, "/api/v1/points/berlin", None).await.status, 204);
    assert_eq!(server.get_with(path, &[], &berlin).await.problem(), code(403, "shut_out"));
}

#[tokio::test]
async fn objects_are_had_whole_in_ranges_and_by_tag() {
    let server = Server::start().await;
    let package = server.published().await;
    let device = server.enrol("kiosk").await;
    let packs = std::fs::read_dir(server.test.site.dir().join("content/packs")).unwrap();
    let pack = packs.map(|entry| entry.unwrap()).next().unwrap();
    let (bytes, name) = (std::fs::read(pack.path()).unwrap(), pack.file_name().into_string().unwrap());
    let path = format!("/client/v1/content/packs/{name}");
    let get = async |pairs: &[(HeaderName, String)]| server.get_with(&path, pairs, &device).await;

    let whole = get(&[]).await;
    assert_eq!((whole.status.as_u16(), &whole.body[..]), (200, &bytes[..]));
    assert_eq!(whole.headers[header::ETAG].to_str().unwrap(), format!("\"{name}\""));
    assert!(whole.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    for (range, expected) in [
        ("bytes=0-9", 0..10),
        ("bytes=300000-", 300_000..bytes.len()),
        ("bytes=-5", bytes.len() - 5..bytes.len()),
        ("bytes=5-99999999", 5..bytes.len()),
    ] {
        let part = get(&[(header::RANGE, range.to_owned())]).await;
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, &bytes[expected.clone()]), "{range}");
        let told = format!("bytes {}-{}/{}", expected.start, expected.end - 1, bytes.len());
        assert_eq!(part.headers[header::CONTENT_RANGE].to_str().unwrap(), told);
    }
    for (range, status) in [
        ("BYTES=0-9", 206),
        ("bytes=-0", 416),
        ("bytes=99999999999999999999999-", 416),
        ("bytes=0-99999999999999999999999", 206),
        ("bytes=0-1,3-4", 200),
        ("lines=0-1", 200),
    ] {
        let answer = get(&[(header::RANGE, range.to_owned())]).await;
        let law = match dray_model::range::RangeRequest::parse(range).map(|range| range.of(bytes.len() as u64)) {
            None => 200,
            Some(dray_model::range::Satisfied::Part { .. }) => 206,
            Some(dray_model::range::Satisfied::Nothing) => 416,
        };
        assert_eq!((answer.status.as_u16(), law), (status, status), "{range}");
    }
    let outside = get(&[(header::RANGE, "bytes=99999999-".to_owned())]).await;
    assert_eq!(outside.problem(), code(416, "out_of_range"));
    assert_eq!(outside.headers[header::CONTENT_RANGE].to_str().unwrap(), format!("bytes */{}", bytes.len()));
    assert_eq!(get(&[(header::IF_NONE_MATCH, format!("\"{name}\""))]).await.status, StatusCode::NOT_MODIFIED);
    let head = server.client(Method::HEAD, &path, None, Some(&device)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.headers[header::CONTENT_LENGTH].to_str().unwrap(), bytes.len().to_string());

    let none = format!("/client/v1/content/packs/{}", package["release"]["digest"].as_str().unwrap());
    assert_eq!(server.get_with(&none, &[], &device).await.problem(), code(404, "not_found"));
    let odd = server.get_with("/client/v1/content/packs/..%2Fsite.toml", &[], &device).await;
    assert_eq!(odd.problem(), code(404, "not_found"));
    let stranger = server.client(Method::GET, &path, None, None).await;
    assert_eq!(stranger.problem(), code(401, "no_certificate"));
}

#[tokio::test]
async fn a_package_is_put_on_several_points_at_once_and_taken_off() {
    let server = Server::start().await;
    assert_eq!(server.admin(Method::POST, "/api/v1/packages", Some(json!({ "name": "zip" }))).await.status, 201);
    server.point("berlin").await;
    let path = "/api/v1/packages/zip/distribute";
    let distribute = async |points: Value| server.admin(Method::POST, path, Some(json!({ "points": points }))).await;
    assert_eq!(distribute(json!(["berlin", "paris"])).await.problem(), code(409, "unresolved"));
    server.point("paris").await;
    assert_eq!(distribute(json!(["berlin", "paris"])).await.status, 204);
    let on = server.admin(Method::GET, "/api/v1/packages/zip/points", None).await.json();
    assert_eq!((&on["items"][0]["point"], &on["items"][1]["point"]), (&json!("berlin"), &json!("paris")));
    assert_eq!(on["items"][0]["wanted"], Value::Null);
    let assignment = "/api/v1/points/paris/packages/zip";
    for _ in 0..2 {
        assert_eq!(server.admin(Method::DELETE, assignment, None).await.status, 204);
    }
    assert_eq!(server.admin(Method::GET, "/api/v1/points/paris", None).await.json()["packages"], 0);
}
