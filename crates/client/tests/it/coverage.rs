//! Every operation that the API describes has its method, with the right verb and path.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use dray_client::site_api::DeviceFilter;
use dray_client::{HttpLimits, SiteApi};
use dray_model::api::advertisement::{ChangeAdvertisement, CreateAdvertisement};
use dray_model::api::collection::{ChangeCollection, CreateCollection, PreviewCollection};
use dray_model::api::device::{CreateEnrolmentToken, EnrolmentFor};
use dray_model::api::package::{ChangePackage, CreatePackage, DistributePackage};
use dray_model::api::point::{ChangePoint, CreatePoint};
use dray_model::api::role::{ChangeRole, CreateRole};
use dray_model::api::scope::{CreateScope, ScopeObject, ScopedKind};
use dray_model::api::token::CreateToken;
use dray_model::{Digest, JobId, Name};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::server::{self, Authority, TestServer};

const NAME: &str = "some-name";

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn object_path() -> String {
    format!("/packs/{}", Digest::of(b"pack"))
}

/// Calls every method once; the answers don't matter here.
async fn call_everything(api: &SiteApi, name: &Name, job: &JobId) {
    let terms = json!({ "package": NAME, "program": NAME, "collection": NAME, "start": "2026-01-01T00:00:00Z" });
    let create: CreateAdvertisement = from(json!({ "name": NAME, "terms": terms }));
    let _ = api.create_advertisement(&create).await;
    let _ = api.change_advertisement(name, 1, &from::<ChangeAdvertisement>(json!({ "terms": terms }))).await;
    let _ = api.advertisements().next(1).await;
    let _ = api.advertisement(name).await;
    let _ = api.delete_advertisement(name).await;
    let _ = api.rerun_advertisement(name).await;
    let _ = api.advertisement_devices(name, Some("done")).next(1).await;
    let _ = api.audit().next(1).await;
    let _ = api.collections().next(1).await;
    let _ = api.collection(name).await;
    let _ = api.create_collection(&from::<CreateCollection>(json!({ "name": NAME }))).await;
    let _ = api.change_collection(name, 1, &ChangeCollection::default()).await;
    let _ = api.delete_collection(name).await;
    let _ = api.collection_members(name).next(1).await;
    let _ = api.evaluate_collection(name).await;
    let _ = api.preview_collection(&from::<PreviewCollection>(json!({ "expression": "true" }))).await;
    let _ = api.devices(&DeviceFilter::default()).next(1).await;
    let _ = api.device(name).await;
    let _ = api.revoke_device(name).await;
    let _ = api.delete_device(name).await;
    let _ = api.quarantine().next(1).await;
    let _ = api.accept_member(name).await;
    let _ = api.accept_quarantine().await;
    let _ = api.refuse_member(name).await;
    let _ = api.refuse_quarantine().await;
    let _ = api.site_status().await;
    let _ = api.enrolment_tokens().next(1).await;
    let purpose = EnrolmentFor::Devices { count: 1 };
    let token = CreateEnrolmentToken { purpose, comment: Default::default(), valid_s: None };
    let _ = api.create_enrolment_token(&token).await;
    let _ = api.revoke_enrolment_token(1).await;
    let _ = api.improve_package(name).await;
    let _ = api.package_updates(name).await;
    let _ = api.content_stats().await;
    let _ = api.content_damage().await;
    let _ = api.verify_content().await;
    let _ = api.sweep_content().await;
    let object = object_path()[1..].parse().unwrap();
    let _ = api.content_object(&object).await;
    let _ = api.restore_content_object(&object, Vec::new()).await;
    let _ = api.package_objects(name, Some(1)).await;
    let _ = api.jobs().next(1).await;
    let _ = api.job(job).await;
    let _ = api.cancel_job(job).await;
    let _ = api.packages().next(1).await;
    let _ = api.package(name).await;
    let _ = api.create_package(&from::<CreatePackage>(json!({ "name": NAME }))).await;
    let _ = api.change_package(name, 1, &ChangePackage::default()).await;
    let _ = api.delete_package(name).await;
    let _ = api.update_package(name, &Default::default()).await;
    let _ = api.releases(name).next(1).await;
    let _ = api.package_points(name).next(1).await;
    let _ = api.distribute_package(name, &DistributePackage { points: Vec::new() }).await;
    let _ = api.points().next(1).await;
    let _ = api.point(name).await;
    let _ = api.create_point(&from::<CreatePoint>(json!({ "name": NAME, "url": "https://p:1" }))).await;
    let _ = api.change_point(name, 1, &ChangePoint::default()).await;
    let _ = api.delete_point(name).await;
    let _ = api.point_packages(name).next(1).await;
    let _ = api.distribute(name, name).await;
    let _ = api.withdraw(name, name).await;
    let _ = api.status(None, None).next(1).await;
    let _ = api.tokens().next(1).await;
    let _ = api.create_token(&CreateToken { name: name.clone(), role: name.clone(), scope: None, valid_s: None }).await;
    let _ = api.revoke_token(name).await;
    let _ = api.roles().next(1).await;
    let _ = api.role(name).await;
    let _ = api.create_role(&from::<CreateRole>(json!({ "name": NAME, "grants": [] }))).await;
    let _ = api.change_role(name, 1, &ChangeRole::default()).await;
    let _ = api.delete_role(name).await;
    let _ = api.scopes().next(1).await;
    let _ = api.scope(name).await;
    let _ = api.create_scope(&from::<CreateScope>(json!({ "name": NAME }))).await;
    let _ = api.delete_scope(name).await;
    let _ = api.scope_objects(name).next(1).await;
    let object = ScopeObject { kind: ScopedKind::Point, name: name.clone() };
    let _ = api.add_to_scope(name, &object).await;
    let _ = api.remove_from_scope(name, &object).await;
    let _ = api.why(name, "app").await;
}

#[tokio::test]
async fn every_operation_that_the_api_describes_has_its_method() {
    let authority = Authority::new();
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let log = Arc::clone(&asked);
    let (name, job) = (NAME.parse().unwrap(), JobId::from_random(1));
    let job_text = job.to_string();
    let server = TestServer::start(&authority, &authority.site(), move |request| {
        let path = request
            .uri()
            .path()
            .replace("/objects/point/", "/objects/{}/")
            .replace(&object_path(), "/{}/{}")
            .replace(NAME, "{}")
            .replace(&job_text, "{}")
            .replace("/1", "/{}");
        log.lock().unwrap().insert(format!("{} {path}", request.method()));
        async { server::bytes(400, "") }
    })
    .await;
    let http = authority.client(None, HttpLimits::default());
    let api = SiteApi::new(server.url.clone(), "token", http, || "key".to_owned()).unwrap();
    call_everything(&api, &name, &job).await;

    let document: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    let template = |path: &str| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, operations)| {
        let verbs = operations.as_object().unwrap().keys();
        let verbs = verbs.filter(|verb| ["get", "put", "post", "patch", "delete"].contains(&verb.as_str()));
        verbs.map(|verb| format!("{} {}", verb.to_uppercase(), template(path))).collect::<Vec<_>>()
    });
    let asked = asked.lock().unwrap();
    let without: Vec<_> = described.filter(|operation| !asked.contains(operation)).collect();
    assert!(without.is_empty(), "no method for {without:?}; there are {asked:?}");
}
