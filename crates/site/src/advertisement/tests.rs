//! Laws of advertisements: what may be published, and what a revision is.

use dray_model::DeviceId;
use dray_model::access::PredefinedRole;
use dray_model::advertisement::Assignment;
use dray_model::api::advertisement::{AdvertisementView, ChangeAdvertisement, ChangeTerms, CreateAdvertisement};
use dray_model::api::page::PageRequest;
use dray_store::collection;
use dray_store::feed::Scope;
use dray_trust::{Role as DocumentRole, open_document};

use super::*;
use crate::actor::{Actor, Permission};
use crate::package::tests::{admin, command, name};
use crate::site::Site;
use crate::testing::{self, TestSite};
use crate::{Class, audit, document, package};

/// A site with the package `zip` without files, and the device `pc` in the collection `some`.
pub(crate) async fn world() -> (TestSite, DeviceId) {
    let test = testing::site().await;
    package::create(&test.site, &admin(), command(None)).await.unwrap();
    let device = device(&test.site, 1, "pc").await;
    let some = collection_with(&test.site, "some", device).await;
    assert!(some > 0);
    (test, device)
}

pub(crate) async fn device(site: &Site, number: u64, called: &str) -> DeviceId {
    let id = DeviceId::from_random(number);
    let mut tx = site.db().write().await.unwrap();
    dray_store::device::insert(&mut tx, id, &name(called), site.now()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

pub(crate) async fn collection_with(site: &Site, called: &str, member: DeviceId) -> i64 {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Collection)).await.unwrap();
    let now = change.now();
    let id = collection::insert(&mut change, &name(called), &Default::default(), now).await.unwrap();
    let membership = collection::Membership { collection: id, device: member };
    collection::change_members(&mut change, &[membership], &[]).await.unwrap();
    change.concerns(Scope::Members(id));
    change.commit_unrecorded().await.unwrap();
    id
}

pub(crate) fn terms() -> AdvertisementTerms {
    let terms = serde_json::json!({
        "package": "zip", "program": "install", "collection": "some", "assignments": [{ "kind": "as_soon_as_possible" }],
    });
    serde_json::from_value(terms).unwrap()
}

pub(crate) async fn advertise(site: &Site, called: &str) -> AdvertisementView {
    create(site, &admin(), CreateAdvertisement { name: name(called), terms: terms() }).await.unwrap()
}

async fn refused(site: &Site, terms: AdvertisementTerms) -> AdvertisementError {
    create(site, &admin(), CreateAdvertisement { name: name("other"), terms }).await.unwrap_err()
}

#[tokio::test]
async fn a_revision_is_a_signed_document() {
    let (test, device) = world().await;
    let made = advertise(&test.site, "now").await;
    let bytes = document::find(&test.site, &Actor::Device(device), &made.digest).await.unwrap();
    let keys = test.site.keys().trusted();
    let opened: dray_model::advertisement::Advertisement =
        open_document(&bytes, Some(made.digest), &keys, DocumentRole::Advertisement).unwrap();
    assert_eq!((&opened.name, opened.revision, &opened.terms), (&made.name, 1, &made.terms));
    assert_eq!(opened.published_at, made.published_at);
    assert_eq!((made.summary.targeted, made.summary.states.len()), (1, 0));
}

#[tokio::test]
async fn terms_that_cannot_work_are_refused() {
    let (test, _) = world().await;
    let site = &test.site;
    let no_package = refused(site, AdvertisementTerms { package: name("none"), ..terms() }).await;
    assert!(matches!(no_package, AdvertisementError::Object(ObjectError::Unresolved { .. })));
    assert_eq!(no_package.hint().as_deref(), Some("create it first, or choose one from `dray package list`"));
    let no_program = refused(site, AdvertisementTerms { program: name("none"), ..terms() }).await;
    assert_eq!(no_program.hint().as_deref(), Some("it has install"));
    let no_collection = refused(site, AdvertisementTerms { collection: name("none"), ..terms() }).await;
    assert!(matches!(no_collection, AdvertisementError::Object(ObjectError::Unresolved { .. })));
    assert_eq!([no_package, no_program, no_collection].map(|refused| refused.class()), [Class::Unresolved; 3]);
    let at = |secs| Some(Timestamp::from_secs(secs));
    let backwards = refused(site, AdvertisementTerms { start: at(5), expires: at(5), ..terms() }).await;
    assert!(matches!(backwards, AdvertisementError::ExpiresFirst { .. }));
    let twice =
        refused(site, AdvertisementTerms { assignments: vec![Assignment::AsSoonAsPossible; 2], ..terms() }).await;
    assert!(matches!(twice, AdvertisementError::AssignmentTwice));
    let many: Vec<_> = (0..16).map(|n| Assignment::At { time: Timestamp::from_secs(n) }).collect();
    let many = refused(site, AdvertisementTerms { assignments: many, ..terms() }).await;
    assert!(matches!(many, AdvertisementError::TooManyAssignments(16)));
    assert_eq!(list(site, &admin(), &PageRequest::default()).await.unwrap().items, []);
}

#[tokio::test]
async fn a_taken_name_and_a_missing_right_are_refused() {
    let (test, _) = world().await;
    advertise(&test.site, "now").await;
    let again = CreateAdvertisement { name: name("now"), terms: terms() };
    let taken = create(&test.site, &admin(), again.clone()).await.unwrap_err();
    assert!(matches!(taken, AdvertisementError::Object(ObjectError::NameTaken(_))));
    let publisher = testing::actor(PredefinedRole::Publisher);
    assert_eq!(create(&test.site, &publisher, again).await.unwrap_err().class(), Class::Denied);
    assert_eq!(delete(&test.site, &publisher, &name("now")).await.unwrap_err().class(), Class::Denied);
    assert_eq!(rerun(&test.site, &publisher, &name("now")).await.unwrap_err().class(), Class::Denied);
}

#[tokio::test]
async fn a_change_is_the_next_revision_and_no_change_is_none() {
    let (test, _) = world().await;
    let made = advertise(&test.site, "now").await;
    let to = async |revision, title: &str| {
        let terms = ChangeTerms { title: Some(title.parse().unwrap()), ..ChangeTerms::default() };
        change(&test.site, &admin(), &name("now"), revision, ChangeAdvertisement { terms }).await
    };
    assert_eq!(to(Some(1), "").await.unwrap(), made);
    let changed = to(Some(1), "soon").await.unwrap();
    assert_eq!((changed.revision, changed.terms.title.as_str()), (2, "soon"));
    assert_ne!(changed.digest, made.digest);
    let stale = to(Some(1), "later").await.unwrap_err();
    assert!(matches!(stale, AdvertisementError::Object(ObjectError::Stale { expected: 1, found: 2, .. })));
    let log = audit::list(&test.site, &admin(), &PageRequest::default()).await.unwrap();
    assert_eq!(log.items[0].action, "advertisement.change");
    assert_eq!(log.items[0].detail["former"]["revision"], 1);
}

#[tokio::test]
async fn running_again_is_one_more_assignment() {
    let (test, _) = world().await;
    advertise(&test.site, "now").await;
    let again = rerun(&test.site, &admin(), &name("now")).await.unwrap();
    assert_eq!((again.revision, again.terms.assignments.len()), (2, 2));
    assert_eq!(again.terms.assignments[1], Assignment::At { time: again.published_at });
    let over = ChangeTerms { expires: Some(Some(again.published_at)), ..ChangeTerms::default() };
    change(&test.site, &admin(), &name("now"), None, ChangeAdvertisement { terms: over }).await.unwrap();
    let refused = rerun(&test.site, &admin(), &name("now")).await.unwrap_err();
    assert!(matches!(refused, AdvertisementError::Expired { .. }));
}

#[tokio::test]
async fn a_name_that_comes_back_goes_on_counting() {
    let (test, _) = world().await;
    advertise(&test.site, "now").await;
    delete(&test.site, &admin(), &name("now")).await.unwrap();
    assert!(matches!(
        find(&test.site, &admin(), &name("now")).await,
        Err(AdvertisementError::Object(ObjectError::NotFound(_)))
    ));
    assert_eq!(advertise(&test.site, "now").await.revision, 2);
}

#[tokio::test]
async fn what_is_advertised_cannot_be_deleted() {
    let (test, _) = world().await;
    advertise(&test.site, "now").await;
    let refused = package::delete(&test.site, &admin(), &name("zip")).await.unwrap_err();
    assert_eq!(refused.code(), "in_use");
    delete(&test.site, &admin(), &name("now")).await.unwrap();
    package::delete(&test.site, &admin(), &name("zip")).await.unwrap();
}
