//! Laws of improving updates in the background.

use std::fs;

use dray_content::{Limits, ObjectName, Update};
use dray_model::api::point::CreatePoint;
use dray_model::point::{PointContentState, PointReport};
use dray_model::{DeviceId, Timestamp};
use dray_store::content::update::StoredUpdate;

use super::*;
use crate::content::find;
use crate::package::tests::{admin, name, noise, publish, published, put_on_a_point};
use crate::{package, point, testing};

async fn updates_to(site: &Site, content: &Digest) -> Vec<StoredUpdate> {
    update::find_all(&mut site.db().read().await.unwrap(), &[*content]).await.unwrap()
}

async fn newest(site: &Site) -> (Digest, Digest) {
    let release = package::find(site, &admin(), &name("zip")).await.unwrap().release.unwrap();
    (release.content.unwrap().digest, release.manifest.unwrap())
}

async fn run(site: &Site) -> Result<(), JobFailure> {
    Improve.run(site, Nothing {}, &Progress::default()).await
}

#[tokio::test]
async fn what_is_asked_for_is_prepared_from_versions_and_from_nothing_once() {
    let (test, folder, first) = published().await;
    let site = &test.site;
    let mut bytes = noise(1, 3_000_000);
    bytes[1_500_000] ^= 1;
    fs::write(folder.join("noise"), bytes).unwrap();
    publish(site).await.unwrap();
    let (content, manifest) = newest(site).await;
    put_on_a_point(site).await;
    let sequence = testing::sequence(site).await;
    package::improve(site, &admin(), &name("zip")).await.unwrap();
    run(site).await.unwrap();
    let updates = updates_to(site, &content).await;
    let old = first.release.unwrap().content.unwrap().digest;
    let froms: Vec<_> = updates.iter().map(|update| update.from).collect();
    assert!(froms.contains(&old) && froms.contains(&Tree::default().digest()), "{updates:?}");
    assert!(testing::sequence(site).await > sequence, "points hear of it");
    assert!(updates.iter().all(|update| update.fetch_bytes < update.without_bytes));
    for update in &updates {
        let object = ObjectName::Update(update.object);
        assert_eq!(find(site, &Actor::Point(name("berlin")), &object).await.unwrap(), update.object_bytes);
    }
    let tried = update::tried(&mut site.db().read().await.unwrap(), &content).await.unwrap();
    assert!(tried.values().all(|level| *level == UpdateLevel::Background) && tried.len() == 2, "{tried:?}");
    let sequence = testing::sequence(site).await;
    package::improve(site, &admin(), &name("zip")).await.unwrap();
    run(site).await.unwrap();
    assert_eq!((testing::sequence(site).await, updates_to(site, &content).await), (sequence, updates.clone()));
    assert_eq!(fs::read_dir(site.dir().join("improving")).unwrap().count(), 0);

    let from_nothing = updates.iter().find(|update| update.from == Tree::default().digest()).unwrap();
    let object = ObjectName::Update(from_nothing.object);
    let opened = crate::content::open(site, &Actor::Point(name("berlin")), &object, None).await.unwrap();
    let bytes: Vec<bytes::Bytes> = futures_util::TryStreamExt::try_collect(opened.body).await.unwrap();
    let decoded = Update::decode(&bytes.concat(), &Tree::default(), &content, &Limits::default()).unwrap();
    assert_eq!(decoded.manifest.tree(), load(site, content, manifest).await.unwrap().tree());
}

#[tokio::test]
async fn a_device_takes_a_content_that_a_point_holds_from_there_and_not_from_nothing() {
    let (test, _, first) = published().await;
    let site = &test.site;
    package::improve(site, &admin(), &name("zip")).await.unwrap();
    run(site).await.unwrap();
    let content = first.release.unwrap().content.unwrap().digest;
    let device = DeviceId::from_random(1);
    let told = async || {
        let found = point::locations(site, &Actor::Device(device), device, &[content], "https://site.example").await;
        let updates = found.unwrap().contents.remove(0).updates;
        updates.iter().filter(|update| Tree::is_nothing(&update.from)).count()
    };
    assert_eq!(told().await, 1);
    let berlin =
        CreatePoint { name: name("berlin"), title: "".parse().unwrap(), url: "https://berlin.example:8443".to_owned() };
    point::create(site, &admin(), berlin).await.unwrap();
    point::distribute(site, &admin(), &name("zip"), &[name("berlin")]).await.unwrap();
    assert_eq!(told().await, 1, "the point doesn't hold it yet");
    let state = PointContentState::Installed { verified_at: Timestamp::from_secs(1) };
    let report = PointReport { content, state };
    point::report(site, &Actor::Point(name("berlin")), &name("berlin"), vec![report]).await.unwrap();
    assert_eq!(told().await, 0);
}

#[tokio::test]
async fn what_cannot_be_prepared_is_tried_some_times_and_given_up() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    fs::write(folder.join("new"), noise(9, 50_000)).unwrap();
    publish(site).await.unwrap();
    for pack in fs::read_dir(site.dir().join("content").join("packs")).unwrap() {
        fs::write(pack.unwrap().path(), b"damaged").unwrap();
    }
    package::improve(site, &admin(), &name("zip")).await.unwrap();
    for _ in 1..TRIES_MAX {
        assert!(matches!(run(site).await, Err(JobFailure::Passing(_))));
    }
    run(site).await.unwrap();
    run(site).await.unwrap();
}

#[tokio::test]
async fn a_content_that_is_deleted_meanwhile_keeps_no_update() {
    let (test, folder, _) = published().await;
    let site = &test.site;
    fs::write(folder.join("new"), noise(9, 50_000)).unwrap();
    publish(site).await.unwrap();
    let (content, _) = newest(site).await;
    package::delete(site, &admin(), &name("zip")).await.unwrap();
    keep(site, &content, &Digest::of(b"old"), None).await.unwrap();
    assert_eq!(updates_to(site, &content).await, []);
    run(site).await.unwrap();
}
