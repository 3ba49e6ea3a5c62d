//! Laws of scopes: those who work in one see and change nothing else, and can't get out of it.

use dray_model::DeviceId;
use dray_model::access::PredefinedRole;
use dray_model::api::advertisement::CreateAdvertisement;
use dray_model::api::collection::{ChangeCollection, CreateCollection};
use dray_model::api::page::PageRequest;
use dray_model::api::scope::{CreateScope, ScopeObject, ScopedKind};
use dray_model::api::token::CreateToken;
use dray_model::collection::{CollectionProperties, CollectionRule};

use super::*;
use crate::actor::{Actor, Rights};
use crate::advertisement::tests::{collection_with, device as enrolled, terms, world};
use crate::package::tests::{admin, command, name};
use crate::testing::TestSite;
use crate::{Site, advertisement, audit, collection, device, package, point, token};

fn page() -> PageRequest {
    PageRequest::default()
}

fn scoped(role: PredefinedRole) -> Actor {
    let rights = Rights { scope: Some(name("berlin")), ..role.into() };
    Actor::Token { name: name("anna"), rights }
}

async fn put(site: &Site, kind: ScopedKind, object: &str) {
    add(site, &admin(), &name("berlin"), ScopeObject { kind, name: name(object) }).await.unwrap();
}

/// The collection `some` with `pc` is in the scope `berlin`; the package `zip` and the collection `far` with `other` aren't.
async fn branch() -> (TestSite, DeviceId) {
    let (test, _) = world().await;
    create(&test.site, &admin(), CreateScope { name: name("berlin"), title: Default::default() }).await.unwrap();
    let other = enrolled(&test.site, 2, "other").await;
    collection_with(&test.site, "far", other).await;
    put(&test.site, ScopedKind::Collection, "some").await;
    (test, other)
}

#[tokio::test]
async fn what_is_outside_of_the_scope_looks_as_if_it_did_not_exist() {
    let (test, other) = branch().await;
    let (site, anna) = (&test.site, scoped(PredefinedRole::Administrator));
    let collections = collection::list(site, &anna, &page()).await.unwrap().items;
    assert_eq!(collections.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["some"]);
    assert_eq!(collection::find(site, &anna, &name("far")).await.unwrap_err().code(), "not_found");
    let devices = device::list(site, &anna, &Default::default(), &page()).await.unwrap().items;
    assert_eq!(devices.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["pc"]);
    for asked in ["other", &other.to_string()] {
        let refused = device::find(site, &anna, &name(asked)).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("there is no device {asked}"));
        assert_eq!(device::revoke(site, &anna, &name(asked)).await.unwrap_err().code(), "not_found");
    }
    assert_eq!(package::list(site, &anna, &page()).await.unwrap().items, []);
    assert_eq!(package::delete(site, &anna, &name("zip")).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn an_advertisement_is_in_the_scope_of_its_collection_and_needs_a_package_that_is() {
    let (test, _) = branch().await;
    let (site, anna) = (&test.site, scoped(PredefinedRole::Operator));
    let advertise = async |called: &str, to: &str| {
        let terms = dray_model::advertisement::AdvertisementTerms { collection: name(to), ..terms() };
        advertisement::create(site, &anna, CreateAdvertisement { name: name(called), terms }).await
    };
    assert_eq!(advertise("now", "some").await.unwrap_err().code(), "not_found");
    put(site, ScopedKind::Package, "zip").await;
    advertise("now", "some").await.unwrap();
    let refused = advertise("far", "far").await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no collection far");
    let far = dray_model::advertisement::AdvertisementTerms { collection: name("far"), ..terms() };
    let command = CreateAdvertisement { name: name("theirs"), terms: far };
    advertisement::create(site, &admin(), command).await.unwrap();
    let seen = advertisement::list(site, &anna, &page()).await.unwrap().items;
    assert_eq!(seen.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["now"]);
    assert_eq!(advertisement::delete(site, &anna, &name("theirs")).await.unwrap_err().code(), "not_found");
    advertisement::delete(site, &anna, &name("now")).await.unwrap();
}

#[tokio::test]
async fn what_reaches_beyond_the_scope_is_refused_to_those_who_work_in_it() {
    let (test, _) = branch().await;
    let (site, anna) = (&test.site, scoped(PredefinedRole::Administrator));
    let everyone = vec![CollectionRule::AllDevices];
    let command =
        CreateCollection { name: name("mine"), properties: CollectionProperties::default(), rules: everyone.clone() };
    assert_eq!(collection::create(site, &anna, command).await.unwrap_err().code(), "out_of_scope");
    let wider = ChangeCollection { rules: Some(everyone), properties: None };
    let refused = collection::change(site, &anna, &name("some"), None, wider).await.unwrap_err();
    assert_eq!(refused.code(), "out_of_scope");
    let free = CreateToken { name: name("free"), role: name("reader"), scope: None, valid_s: None };
    assert_eq!(token::create(site, &anna, free).await.unwrap_err().code(), "out_of_scope");
    assert_eq!(audit::list(site, &anna, &page()).await.unwrap_err().class(), crate::Class::Denied);
    let into = ScopeObject { kind: ScopedKind::Collection, name: name("far") };
    assert_eq!(add(site, &anna, &name("berlin"), into).await.unwrap_err().code(), "out_of_scope");
}

#[tokio::test]
async fn what_is_made_within_a_scope_is_in_it() {
    let (test, _) = branch().await;
    let (site, anna) = (&test.site, scoped(PredefinedRole::Publisher));
    let mut mine = command(None);
    mine.name = name("mine");
    package::create(site, &anna, mine).await.unwrap();
    let seen = package::list(site, &anna, &page()).await.unwrap().items;
    assert_eq!(seen.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["mine"]);
    package::delete(site, &anna, &name("mine")).await.unwrap();
    let inside = objects(site, &admin(), &name("berlin"), &page()).await.unwrap().items;
    assert_eq!(inside, [ScopeObject { kind: ScopedKind::Collection, name: name("some") }]);
    assert_eq!(point::list(site, &anna, &page()).await.unwrap().items, []);
}

#[tokio::test]
async fn a_scope_that_a_token_is_for_stays_and_one_that_does_not_exist_is_refused() {
    let (test, _) = branch().await;
    let site = &test.site;
    let command =
        |scope: &str| CreateToken { name: name("anna"), role: name("reader"), scope: Some(name(scope)), valid_s: None };
    let refused = token::create(site, &admin(), command("paris")).await.unwrap_err();
    assert_eq!(refused.to_string(), "cannot create a token for the scope paris: it does not exist");
    let made = token::create(site, &admin(), command("berlin")).await.unwrap();
    let anna = token::authenticate(site, &made.secret).await.unwrap();
    assert_eq!(anna.scope(), Some(&name("berlin")));
    assert_eq!(delete(site, &admin(), &name("berlin")).await.unwrap_err().code(), "in_use");
    token::revoke(site, &admin(), &name("anna")).await.unwrap();
    delete(site, &admin(), &name("berlin")).await.unwrap();
}
