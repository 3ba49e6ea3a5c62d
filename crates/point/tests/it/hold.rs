//! What is assigned comes, verified; what is bad or not needed goes.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use dray_content::ObjectName;
use dray_model::Digest;
use dray_model::point::{AssignedObject, AssignedUpdate, PointContentState};
use dray_point::{PointError, Summary};

use crate::server;
use crate::world::{World, exists, failure, is_installed, read};

#[tokio::test]
async fn what_is_assigned_comes_and_is_reported_and_served() {
    let world = World::with_point().await;
    let point = world.start().await;
    let ingested = world.publish(1, 300_000);
    world.assign(&[&ingested]);
    let summary = point.wait_until(is_installed).await;
    assert_eq!((summary.objects, summary.point.as_str()), (2, "berlin"));
    let mut reports = world.state.reports.subscribe();
    let installed = |state: &PointContentState| matches!(state, PointContentState::Installed { .. });
    reports
        .wait_for(|all| all.iter().any(|report| report.content == ingested.content && installed(&report.state)))
        .await
        .unwrap();

    let fetch = world.fetch_from(&point, &world.authority.device());
    let manifest = fetch.manifest(ingested.manifest_digest, ingested.manifest_bytes.len() as u64).await.unwrap();
    assert_eq!(manifest, ingested.manifest_bytes);
    let pack = &ingested.packs[0];
    let bytes = read(&fetch, ObjectName::Pack(pack.digest), pack.size).await.unwrap();
    assert_eq!(Digest::of(&bytes), pack.digest);
    point.stop().await;
    let last = Summary::read(&world.point_folder()).unwrap().unwrap();
    assert!(is_installed(&last) && last.served_bytes > 300_000);
}

#[tokio::test]
async fn updates_are_held_and_served_and_those_that_cannot_be_had_hold_up_nothing() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    let pack = AssignedObject { digest: world.serve("packs", b"segments"), bytes: 8 };
    let good = AssignedUpdate {
        from: ingested.content,
        object: world.serve("updates", b"good update"),
        bytes: 11,
        packs: vec![pack],
        manifest_difference: None,
    };
    let object = Digest::of(b"lost");
    let lost = AssignedUpdate { object, bytes: 4, packs: Vec::new(), ..good.clone() };
    world.assign_with(&[&ingested], &[lost.clone(), good.clone()]);
    let point = world.start().await;
    let summary = point.wait_until(|summary| is_installed(summary) && summary.objects == 4).await;
    assert_eq!(summary.objects, 4);
    let fetch = world.fetch_from(&point, &world.authority.device());
    assert_eq!(read(&fetch, ObjectName::Update(good.object), 11).await.unwrap().as_ref(), b"good update");
    assert_eq!(read(&fetch, ObjectName::Pack(pack.digest), 8).await.unwrap().as_ref(), b"segments");
    assert!(!exists(&world.object_file("updates", &lost.object)));
    assert!(exists(&world.object_file("updates", &good.object)));
}

#[tokio::test]
async fn a_clock_that_is_years_ahead_stops_neither_serving_nor_asking() {
    const YEARS_S: u64 = 20 * 365 * 24 * 60 * 60;
    let world = World::with_point().await;
    let held = world.publish(1, 300_000);
    world.assign(&[&held]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    point.stop().await;
    world.ahead_s.store(YEARS_S, Ordering::SeqCst);
    let point = world.start().await;
    let fetch = world.fetch_from(&point, &world.authority.device());
    let pack = &held.packs[0];
    read(&fetch, ObjectName::Pack(pack.digest), pack.size).await.unwrap();
    let next = world.publish(2, 300_000);
    world.assign(&[&held, &next]);
    point.wait_until(|summary| summary.contents.len() == 2 && is_installed(summary)).await;
}

#[tokio::test]
async fn a_tampered_object_is_never_installed() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    let pack = &ingested.packs[0];
    world.assign(&[&ingested]);
    world.answer_objects(move |request, bytes| {
        let mut bytes = bytes.to_vec();
        if request.uri().path().contains("/packs/") {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        server::object(request, &bytes.into())
    });
    let point = world.start().await;
    let summary = point.wait_until(|summary| failure(summary).is_some()).await;
    assert!(failure(&summary).unwrap().contains("do not match their digest"), "{summary:?}");
    assert!(!exists(&world.object_file("packs", &pack.digest)));
    let fetch = world.fetch_from(&point, &world.authority.device());
    assert!(read(&fetch, ObjectName::Pack(pack.digest), pack.size).await.is_err());
    point.stop().await;
    // Once the site is good again, so is the point.
    world.answer_objects(server::object);
    world.start().await.wait_until(is_installed).await;
}

#[tokio::test]
async fn a_manifest_for_other_content_is_refused() {
    let world = World::with_point().await;
    let (one, mut other) = (world.publish(1, 50_000), world.publish(2, 50_000));
    other.content = one.content;
    world.assign(&[&other]);
    let point = world.start().await;
    let summary = point.wait_until(|summary| failure(summary).is_some()).await;
    assert!(failure(&summary).unwrap().contains("manifest"), "{summary:?}");
    assert!(!exists(&world.object_file("packs", &other.packs[0].digest)));
}

#[tokio::test]
async fn an_object_that_went_bad_on_the_disk_is_fetched_again() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    point.stop().await;
    let path = world.object_file("packs", &ingested.packs[0].digest);
    let good = std::fs::read(&path).unwrap();
    // Same length, so only the digest tells; and long not verified.
    let mut bad = good.clone();
    bad[1000] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let asked = world.state.asked.lock().unwrap().len();
    let point = world.start().await;
    let since_1970 = |summary: &Summary| match summary.contents.first().map(|content| &content.state) {
        Some(PointContentState::Installed { verified_at }) => verified_at.micros() > 0,
        _ => false,
    };
    point.wait_until(|summary| since_1970(summary) && world.state.asked.lock().unwrap().len() > asked).await;
    point.wait_until(is_installed).await;
    assert_eq!(std::fs::read(&path).unwrap(), good);
}

#[tokio::test]
async fn an_object_that_was_cut_off_is_fetched_again() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    point.stop().await;
    let path = world.object_file("packs", &ingested.packs[0].digest);
    File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    let point = world.start().await;
    point.wait_until(is_installed).await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), ingested.packs[0].size);
}

#[tokio::test]
async fn what_nothing_needs_any_more_goes_after_its_grace() {
    let world = World::with_point().await;
    let (old, new) = (world.publish(1, 50_000), world.publish(2, 60_000));
    world.assign(&[&old]);
    let mut config = world.config();
    config.hold.removal_grace = Duration::ZERO;
    let point = dray_point::Point::start(config).await.unwrap();
    point.wait_until(is_installed).await;
    world.assign(&[&new]);
    let is_new = |summary: &Summary| summary.contents.iter().any(|content| content.content == new.content);
    point.wait_until(|summary| is_new(summary) && is_installed(summary) && summary.objects == 2).await;
    assert!(!exists(&world.object_file("packs", &old.packs[0].digest)));
    assert!(exists(&world.object_file("packs", &new.packs[0].digest)));
}

#[tokio::test]
async fn nothing_goes_before_its_grace_is_over() {
    let world = World::with_point().await;
    let (old, new) = (world.publish(1, 50_000), world.publish(2, 60_000));
    world.assign(&[&old]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    world.assign(&[&new]);
    let is_new = |summary: &Summary| summary.contents.iter().any(|content| content.content == new.content);
    point.wait_until(|summary| is_new(summary) && is_installed(summary)).await;
    assert!(exists(&world.object_file("packs", &old.packs[0].digest)));
}

#[tokio::test]
async fn the_reserve_of_the_disk_is_not_touched() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 50_000);
    world.assign(&[&ingested]);
    let mut config = world.config();
    config.hold.reserve_bytes = u64::MAX;
    let point = dray_point::Point::start(config).await.unwrap();
    let summary = point.wait_until(|summary| failure(summary).is_some()).await;
    assert!(failure(&summary).unwrap().contains("in reserve"), "{summary:?}");
    assert_eq!(summary.objects, 0);
}

#[tokio::test]
async fn a_point_serves_and_knows_its_duty_while_the_site_is_away() {
    let mut world = World::with_point().await;
    let ingested = world.publish(1, 50_000);
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    point.stop().await;
    world.site = World::new().await.site;
    let point = world.start().await;
    point.wait_until(is_installed).await;
    let fetch = world.fetch_from(&point, &world.authority.device());
    fetch.manifest(ingested.manifest_digest, ingested.manifest_bytes.len() as u64).await.unwrap();
}

#[tokio::test]
async fn two_processes_never_work_on_one_folder() {
    let world = World::with_point().await;
    let point = world.start().await;
    let second = dray_point::Point::start(world.config()).await;
    assert!(matches!(second, Err(PointError::InUse(_))));
    point.stop().await;
}

#[tokio::test]
async fn an_object_that_is_cut_off_while_it_is_served_is_noticed_and_fetched_again() {
    let world = World::with_point().await;
    let ingested = world.publish(1, 300_000);
    world.assign(&[&ingested]);
    let point = world.start().await;
    point.wait_until(is_installed).await;
    let pack = &ingested.packs[0];
    let path = world.object_file("packs", &pack.digest);
    File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
    // Later than the last verification, else it would not be looked at again so soon.
    world.ahead_s.store(3600, Ordering::SeqCst);
    let asked = world.state.asked.lock().unwrap().len();
    let fetch = world.fetch_from(&point, &world.authority.device());
    let mut reader = fetch.read(ObjectName::Pack(pack.digest), 2000, 3000);
    assert!(reader.next().await.is_err());
    point.wait_until(|summary| is_installed(summary) && world.state.asked.lock().unwrap().len() > asked).await;
    assert_eq!(std::fs::metadata(&path).unwrap().len(), pack.size);
}
