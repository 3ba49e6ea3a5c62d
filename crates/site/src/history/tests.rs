//! Laws of a site whose database goes back in time.

use std::path::Path;
use std::time::Duration;

use dray_model::api::page::PageRequest;
use dray_model::history::Holds;
use dray_model::policy::Policy;
use dray_model::{DeviceId, Name, ObjectKind};
use dray_store::feed::Scope;
use dray_trust::{Role, open_document};

use super::*;
use crate::actor::{Actor, Permission};
use crate::object::Object;
use crate::package::tests::admin;
use crate::record::Record;
use crate::site::Site;
use crate::testing::{self, TestSite};
use crate::{enrolment, policy, random};

pub(crate) async fn enrol(site: &Site, name: &str) -> DeviceId {
    let id = random::device_id();
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Device)).await.unwrap();
    let now = change.now();
    let name: Name = name.parse().unwrap();
    dray_store::device::insert(&mut change, id, &name, now).await.unwrap();
    change.record(Record::done(Object::new(ObjectKind::Device, id), "enrol", serde_json::json!({})));
    change.commit().await.unwrap();
    id
}

async fn change_something(site: &Site) {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Site)).await.unwrap();
    change.concerns(Scope::Everyone);
    change.commit_unrecorded().await.unwrap();
}

async fn fetch(site: &Site, device: DeviceId) -> (Holds, Vec<u8>) {
    let found = policy::current(site, &Actor::Device(device), device, None, Duration::ZERO).await.unwrap();
    let envelope = found.unwrap().envelope;
    (Holds::of(&read(site, &envelope)), envelope)
}

fn read(site: &Site, envelope: &[u8]) -> Policy {
    open_document(envelope, None, &site.keys().trusted(), Role::Policy).unwrap()
}

/// A copy of the site's folder as it is now.
pub(crate) fn copy(test: &TestSite) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&test.made.dir, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn show(site: &Site, device: DeviceId, envelope: &[u8]) -> Result<(), HistoryError> {
    let turn = turn(site).await?;
    prove(site, &Actor::Device(device), device, envelope, &turn).await
}

async fn returns_noted(site: &Site) -> usize {
    let records = crate::audit::list(site, &admin(), &PageRequest::default()).await.unwrap();
    records.items.iter().filter(|record| record.action == "site.return").count()
}

#[tokio::test]
async fn a_site_that_starts_and_changes_doubts_nobody() {
    let test = testing::site_in_a_folder().await;
    let device = enrol(&test.site, "pc").await;
    let first = fetch(&test.site, device).await;
    for _ in 0..2 {
        begin_era(&test.site).await.unwrap();
        change_something(&test.site).await;
        let (holds, envelope) = fetch(&test.site, device).await;
        assert!(!doubts(&test.site, holds).await.unwrap() && !doubts(&test.site, first.0).await.unwrap());
        show(&test.site, device, &envelope).await.unwrap();
    }
    assert_eq!(returns_noted(&test.site).await, 0);
}

#[tokio::test]
async fn an_old_copy_is_found_out_by_proof_once_and_numbers_on_above_it() {
    let test = testing::site_in_a_folder().await;
    begin_era(&test.site).await.unwrap();
    let device = enrol(&test.site, "pc").await;
    let copy = copy(&test);
    change_something(&test.site).await;
    let (holds, envelope) = fetch(&test.site, device).await;

    let old = Site::open(copy.path()).await.unwrap();
    begin_era(&old).await.unwrap();
    // Its numbers have come by what the device holds.
    for _ in 0..5 {
        change_something(&old).await;
    }
    assert!(doubts(&old, holds).await.unwrap());
    let both = tokio::join!(show(&old, device, &envelope), show(&old, device, &envelope));
    both.0.unwrap();
    both.1.unwrap();
    assert!(!doubts(&old, holds).await.unwrap());
    assert_eq!(returns_noted(&old).await, 1);
    let (now, after) = fetch(&old, device).await;
    assert!(now.number > holds.number + u64::try_from(GAP).unwrap());
    assert!(read(&old, &after).returned.is_some() && !doubts(&old, now).await.unwrap());
    let status = status(&old, &admin()).await.unwrap();
    assert_eq!((status.returned.unwrap().times, status.advice.len()), (1, 2));
}

#[tokio::test]
async fn only_a_policy_that_the_site_signed_for_the_device_itself_is_a_proof() {
    let (test, other) = (testing::site_in_a_folder().await, testing::site_in_a_folder().await);
    let device = enrol(&test.site, "pc").await;
    let copy = copy(&test);
    change_something(&test.site).await;
    let (_, envelope) = fetch(&test.site, device).await;
    let foreign = enrol(&other.site, "pc").await;
    change_something(&other.site).await;
    let (_, forged) = fetch(&other.site, foreign).await;
    let old = Site::open(copy.path()).await.unwrap();
    assert!(matches!(show(&old, foreign, &forged).await, Err(HistoryError::Signature(_))));
    assert!(matches!(show(&old, foreign, &envelope).await, Err(HistoryError::NotOurs(_))));
    assert!(matches!(show(&old, device, b"{}").await, Err(HistoryError::Signature(_))));
    assert_eq!(returns_noted(&old).await, 0);
    show(&old, device, &envelope).await.unwrap();
    assert_eq!(returns_noted(&old).await, 1);
}

#[tokio::test]
async fn enrolment_tokens_of_the_copy_are_revoked() {
    let test = testing::site_in_a_folder().await;
    let command = dray_model::api::device::CreateEnrolmentToken {
        purpose: dray_model::api::device::EnrolmentFor::Devices { count: 2 },
        comment: dray_model::Text::default(),
        valid_s: None,
    };
    enrolment::create(&test.site, &admin(), command).await.unwrap();
    let device = enrol(&test.site, "pc").await;
    let copy = copy(&test);
    change_something(&test.site).await;
    let (_, envelope) = fetch(&test.site, device).await;
    let old = Site::open(copy.path()).await.unwrap();
    show(&old, device, &envelope).await.unwrap();
    let tokens = enrolment::list(&old, &admin(), &PageRequest::default()).await.unwrap();
    assert!(tokens.items.iter().all(|token| token.revoked_at.is_some()));
}

#[tokio::test]
async fn a_database_that_goes_back_under_a_server_is_noticed_by_the_server_itself() {
    let test = testing::site_in_a_folder().await;
    begin_era(&test.site).await.unwrap();
    change_something(&test.site).await;
    test.site.feed().look_now();
    test.site.feed().keep_up(&test.site).await.unwrap();
    let seen = testing::sequence(&test.site).await;
    let mut tx = test.site.db().write().await.unwrap();
    dray_store::testing::execute(&mut tx, "DELETE FROM change_feed").await;
    dray_store::testing::execute(&mut tx, "UPDATE site_meta SET value = '0' WHERE key = 'change_sequence'").await;
    tx.commit().await.unwrap();
    for _ in 0..2 {
        test.site.feed().look_now();
        test.site.feed().keep_up(&test.site).await.unwrap();
    }
    assert!(testing::sequence(&test.site).await > seen + GAP);
    assert_eq!(returns_noted(&test.site).await, 1);
}
