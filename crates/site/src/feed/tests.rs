//! Laws of the feed: a change is noticed by those whom it concerns, wherever it was made, and by nobody else.

use std::time::Duration;

use dray_model::ObjectKind;
use dray_model::collection::CollectionRule;
use dray_model::{DeviceId, Digest};
use dray_store::collection::Membership;
use dray_store::feed::Scope;

use super::Follower;
use crate::actor::{Actor, Permission};
use crate::advertisement::tests::{advertise, collection_with, device, world};
use crate::package::tests::{admin, name};
use crate::policy::{self, HOLD_MAX};
use crate::site::Site;
use crate::{advertisement, collection, testing};

async fn ask(site: &Site, device: DeviceId, known: Option<Digest>, wait: Duration) -> Option<Digest> {
    policy::current(site, &Actor::Device(device), device, known, wait).await.unwrap().map(|sealed| sealed.tag)
}

/// How many of the devices' policies would have to be computed again.
fn unsettled(site: &Site, devices: &[DeviceId]) -> usize {
    devices.iter().filter(|device| policy::remembered(site, **device).is_none()).count()
}

/// Devices whose policies are known, all of them members of `all`.
async fn fleet(site: &Site, count: u64) -> Vec<DeviceId> {
    let mut devices = Vec::new();
    for number in 100..100 + count {
        let device = device(site, number, &format!("pc-{number}")).await;
        ask(site, device, None, Duration::ZERO).await.unwrap();
        devices.push(device);
    }
    devices
}

#[tokio::test]
async fn a_change_for_one_device_leaves_all_others_alone() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    policy::members_read(&test.site).await;
    let devices = fleet(&test.site, 20).await;
    ask(&test.site, pc, None, Duration::ZERO).await.unwrap();
    let mut change = test.site.change(&Actor::System, Permission::Manage(ObjectKind::Device)).await.unwrap();
    let some = dray_store::collection::number(&mut change, &name("some")).await.unwrap().unwrap();
    let membership = Membership { collection: some, device: devices[3] };
    dray_store::collection::change_members(&mut change, &[membership], &[]).await.unwrap();
    change.concerns_members(&[membership]).await.unwrap();
    change.commit_unrecorded().await.unwrap();
    assert_eq!(unsettled(&test.site, &devices), 1);
    assert_eq!(unsettled(&test.site, &[pc, devices[3]]), 1);
}

#[tokio::test]
async fn an_advertisement_concerns_the_members_of_its_collection_alone() {
    let (test, pc) = world().await;
    let devices = fleet(&test.site, 20).await;
    let waiting = ask(&test.site, pc, None, Duration::ZERO).await;
    for (place, called) in ["first", "second"].into_iter().enumerate() {
        let held = ask(&test.site, pc, waiting, HOLD_MAX);
        let (found, _) = tokio::join!(held, advertise(&test.site, called));
        assert!(found.is_some(), "advertisement {place}");
    }
    policy::members_read(&test.site).await;
    advertisement::delete(&test.site, &admin(), &name("first")).await.unwrap();
    assert_eq!(unsettled(&test.site, &devices), 0);
    assert_eq!(unsettled(&test.site, &[pc]), 1);
}

#[tokio::test]
async fn members_of_what_is_not_advertised_are_no_news() {
    let test = testing::site().await;
    let devices = fleet(&test.site, 3).await;
    let before = testing::sequence(&test.site).await;
    let rules = vec![CollectionRule::Direct { device: devices[0] }];
    let command =
        dray_model::api::collection::CreateCollection { name: name("some"), properties: Default::default(), rules };
    collection::create(&test.site, &admin(), command).await.unwrap();
    assert_eq!((testing::sequence(&test.site).await, unsettled(&test.site, &devices)), (before, 0));
}

#[tokio::test]
async fn a_change_of_rules_concerns_those_who_come_and_go() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    ask(&test.site, pc, None, Duration::ZERO).await.unwrap();
    let devices = fleet(&test.site, 5).await;
    let rules = Some(vec![CollectionRule::Direct { device: devices[2] }]);
    let command = dray_model::api::collection::ChangeCollection { rules, ..Default::default() };
    collection::change(&test.site, &admin(), &name("some"), None, command).await.unwrap();
    assert_eq!(unsettled(&test.site, &devices), 1);
    assert_eq!(unsettled(&test.site, &[pc, devices[2]]), 2);
}

#[tokio::test]
async fn a_held_request_hears_of_another_servers_change() {
    let (test, pc) = world().await;
    let other = Site::open(&test.made.dir).await.unwrap();
    let _follower = Follower::start(test.site.clone());
    let known = ask(&test.site, pc, None, Duration::ZERO).await;
    let held = ask(&test.site, pc, known, HOLD_MAX);
    let (found, _) = tokio::join!(held, advertise(&other, "now"));
    assert!(found.is_some());
}

#[tokio::test]
async fn whoever_missed_a_part_of_the_feed_looks_at_everything() {
    let (test, pc) = world().await;
    let other = Site::open(&test.made.dir).await.unwrap();
    ask(&test.site, pc, None, Duration::ZERO).await.unwrap();
    let some = collection_with(&other, "others", device(&other, 7, "other").await).await;
    let mut change = other.change(&Actor::System, Permission::Manage(ObjectKind::Job)).await.unwrap();
    let now = change.now();
    dray_store::feed::prune(&mut change, now + Duration::from_secs(60)).await.unwrap();
    change.concerns(Scope::Offers(some));
    change.commit_unrecorded().await.unwrap();
    test.site.feed().follow(&test.site).await.unwrap();
    assert_eq!(unsettled(&test.site, &[pc]), 1);
}

#[tokio::test]
async fn a_change_of_this_process_is_not_applied_twice() {
    let (test, pc) = world().await;
    advertise(&test.site, "now").await;
    ask(&test.site, pc, None, Duration::ZERO).await.unwrap();
    test.site.feed().follow(&test.site).await.unwrap();
    assert_eq!(unsettled(&test.site, &[pc]), 0);
    assert!(super::lock(&test.site.feed().applied).len() <= 1);
}
