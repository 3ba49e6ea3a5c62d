//! Laws of policies: what a device gets, under which number, and when it hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use dray_model::ObjectKind;
use dray_model::policy::{Policy, PolicyEntry};
use dray_model::{Digest, Timestamp};
use dray_store::feed::Scope;
use dray_trust::{Role, open_document};

use super::*;
use crate::actor::{Actor, Permission};
use crate::advertisement::tests::{advertise, collection_with, device, world};
use crate::package::tests::{admin, command, name, publish, source};
use crate::site::Site;
use crate::{advertisement, package, testing};

async fn ask(site: &Site, device: DeviceId, known: Option<Digest>, wait: Duration) -> Option<(Digest, Policy)> {
    let sealed = current(site, &Actor::Device(device), device, known, wait).await.unwrap()?;
    let policy = open_document(&sealed.envelope, None, &site.keys().trusted(), Role::Policy).unwrap();
    Some((sealed.tag, policy))
}

async fn fresh(site: &Site, device: DeviceId) -> (Digest, Policy) {
    ask(site, device, None, Duration::ZERO).await.unwrap()
}

/// A change that may concern everyone and alters nobody's policy.
async fn unrelated(site: &Site) {
    let mut change = site.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await.unwrap();
    change.concerns(Scope::Everyone);
    change.commit_unrecorded().await.unwrap();
}

#[tokio::test]
async fn a_policy_holds_what_reaches_the_device_and_nothing_else() {
    let (test, pc) = world().await;
    let other = device(&test.site, 2, "other").await;
    let made = advertise(&test.site, "now").await;
    let release = package::find(&test.site, &admin(), &name("zip")).await.unwrap().release.unwrap();
    let (_, policy) = fresh(&test.site, pc).await;
    assert_eq!((policy.device, policy.entries.len()), (pc, 1));
    assert_eq!(policy.entries[0].known(), Some(&PolicyEntry::new(name("now"), made.digest, release.digest)));
    assert_eq!(policy.expires_at, policy.issued_at + VALIDITY);
    let (_, empty) = fresh(&test.site, other).await;
    assert_eq!((empty.device, empty.entries), (other, Vec::new()));
}

#[tokio::test]
async fn the_same_policy_is_not_sent_twice() {
    let (test, pc) = world().await;
    let (tag, first) = fresh(&test.site, pc).await;
    for _ in 0..2 {
        assert_eq!(ask(&test.site, pc, Some(tag), Duration::ZERO).await, None);
    }
    unrelated(&test.site).await;
    assert_eq!(ask(&test.site, pc, Some(tag), Duration::ZERO).await, None);
    let (same, second) = fresh(&test.site, pc).await;
    assert!(same == tag && second.number > first.number);
}

#[tokio::test]
async fn a_held_request_is_answered_when_something_reaches_the_device() {
    let (test, pc) = world().await;
    let (tag, _) = fresh(&test.site, pc).await;
    let held = ask(&test.site, pc, Some(tag), HOLD_MAX);
    let change = async {
        unrelated(&test.site).await;
        assert!(test.site.presence().is_connected(pc));
        advertise(&test.site, "now").await
    };
    let (found, made) = tokio::join!(held, change);
    assert_eq!(found.unwrap().1.entries[0].names().unwrap().advertisement, made.digest);
    assert!(!test.site.presence().is_connected(pc));
}

#[tokio::test]
async fn a_number_never_goes_down_when_a_policy_comes_back() {
    let (test, pc) = world().await;
    let other = Site::open(&test.made.dir).await.unwrap();
    let (without, first) = fresh(&test.site, pc).await;
    advertise(&other, "now").await;
    let (_, second) = fresh(&other, pc).await;
    advertisement::delete(&other, &admin(), &name("now")).await.unwrap();
    let (tag, third) = fresh(&test.site, pc).await;
    assert_eq!(tag, without);
    assert!(first.number < second.number && second.number < third.number);
}

#[tokio::test]
async fn a_withdrawn_advertisement_leaves_the_policy() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    let (tag, _) = fresh(&test.site, pc).await;
    advertisement::delete(&test.site, &admin(), &name("now")).await.unwrap();
    let (_, policy) = ask(&test.site, pc, Some(tag), Duration::ZERO).await.unwrap();
    assert_eq!(policy.entries, []);
}

#[tokio::test]
async fn a_package_is_offered_from_its_first_release_on() {
    let test = testing::site().await;
    let pc = device(&test.site, 1, "pc").await;
    collection_with(&test.site, "some", pc).await;
    let folder = source(test.site.dir());
    package::create(&test.site, &admin(), command(Some(&folder))).await.unwrap();
    advertise(&test.site, "now").await;
    let (tag, policy) = fresh(&test.site, pc).await;
    assert_eq!(policy.entries, []);
    publish(&test.site).await.unwrap();
    let (_, policy) = ask(&test.site, pc, Some(tag), Duration::ZERO).await.unwrap();
    assert_eq!(policy.entries.len(), 1);
}

#[tokio::test]
async fn whoever_is_not_enrolled_gets_no_policy_even_while_it_waits() {
    let (test, pc) = world().await;
    let nobody = DeviceId::from_random(99);
    let refused = current(&test.site, &Actor::Device(nobody), nobody, None, Duration::ZERO).await;
    assert!(matches!(refused, Err(PolicyError::NotEnrolled(_))));
    let (tag, _) = fresh(&test.site, pc).await;
    let actor = Actor::Device(pc);
    let held = current(&test.site, &actor, pc, Some(tag), HOLD_MAX);
    let revoke = async {
        let mut change = test.site.change(&Actor::System, Permission::Manage(ObjectKind::Device)).await.unwrap();
        let now = change.now();
        dray_store::device::revoke(&mut change, pc, now).await.unwrap();
        change.concerns(Scope::DeviceShutOut(pc));
        change.commit_unrecorded().await.unwrap();
    };
    let (refused, ()) = tokio::join!(held, revoke);
    assert!(matches!(refused, Err(PolicyError::NotEnrolled(_))));
}

#[tokio::test]
async fn another_servers_change_is_noticed_after_a_moment() {
    let (test, pc) = world().await;
    let other = Site::open(&test.made.dir).await.unwrap();
    let (tag, _) = fresh(&test.site, pc).await;
    assert_eq!(ask(&test.site, pc, Some(tag), Duration::ZERO).await, None);
    advertise(&other, "now").await;
    test.site.feed().look_now();
    assert!(ask(&test.site, pc, Some(tag), Duration::ZERO).await.is_some());
}

#[tokio::test]
async fn a_policy_is_signed_anew_once_half_of_its_validity_is_over() {
    let (test, pc) = world().await;
    let micros = Arc::new(AtomicI64::new(test.site.now().micros()));
    let clock = Arc::clone(&micros);
    let site =
        Site::open_with_clock(&test.made.dir, Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed))));
    let site = site.await.unwrap();
    let (tag, first) = fresh(&site, pc).await;
    assert_eq!(ask(&site, pc, Some(tag), Duration::ZERO).await, None);
    micros.fetch_add(i64::try_from(VALIDITY.as_micros() / 2).unwrap(), Ordering::Relaxed);
    let (_, second) = ask(&site, pc, Some(tag), Duration::ZERO).await.unwrap();
    assert_eq!((second.entries, second.number), (first.entries, first.number));
    assert!(second.issued_at > first.issued_at);
}

#[tokio::test]
async fn which_policy_a_device_has_is_known() {
    let (test, pc) = world().await;
    let (tag, policy) = fresh(&test.site, pc).await;
    let site = &test.site;
    let known_now = async || known(site, &mut site.db().read().await.unwrap(), pc).await.unwrap().unwrap();
    assert_eq!((known_now().await.tag, known_now().await.number), (tag, policy.number));
    site.policies().flush(site).await.unwrap();
    assert!(site.policies().noted().devices.is_empty());
    assert_eq!(known_now().await.tag, tag);
}
