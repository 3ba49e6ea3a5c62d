//! Laws of distribution points: assignments, reports and where clients are sent.

use std::time::Duration;

use dray_model::api::client::PointAssignments;
use dray_model::api::page::PageRequest;
use dray_model::api::point::{ChangePoint, CreatePoint};
use dray_model::point::{PointContentState, PointReport};
use dray_model::{DeviceId, Digest, Timestamp};

use super::*;
use crate::actor::Actor;
use crate::package;
use crate::package::tests::{admin, name, publish, published};
use crate::policy::HOLD_MAX;
use crate::site::Site;
use crate::testing;

const SITE_URL: &str = "https://site.example/client/v1/content";

fn command(text: &str) -> CreatePoint {
    CreatePoint { name: name(text), title: "".parse().unwrap(), url: format!("https://{text}.example:8443") }
}

fn actor() -> Actor {
    Actor::Point(name("berlin"))
}

async fn assigned(site: &Site, known: Option<Digest>, wait: Duration) -> Option<(Digest, PointAssignments)> {
    let assigned = assignments(site, &actor(), &name("berlin"), known, wait).await.unwrap()?;
    Some((assigned.tag, serde_json::from_slice(&assigned.json).unwrap()))
}

async fn report_installed(site: &Site, point: &str, content: Digest) {
    let state = PointContentState::Installed { verified_at: Timestamp::from_secs(1) };
    let actor = Actor::Point(name(point));
    report(site, &actor, &name(point), vec![PointReport { content, state }]).await.unwrap();
}

async fn sources(site: &Site, device: u64, content: Digest) -> Vec<String> {
    let device = DeviceId::from_random(device);
    let found = locations(site, &Actor::Device(device), device, &[content], SITE_URL).await.unwrap();
    found.contents[0].sources.iter().map(|source| source.name.to_string()).collect()
}

#[tokio::test]
async fn a_point_is_made_changed_and_deleted() {
    let test = testing::site().await;
    let made = create(&test.site, &admin(), command("berlin")).await.unwrap();
    assert!(matches!(
        create(&test.site, &admin(), command("berlin")).await,
        Err(PointError::Object(ObjectError::NameTaken(_)))
    ));
    assert!(matches!(
        create(&test.site, &admin(), command("site")).await,
        Err(PointError::Object(ObjectError::NameTaken(_)))
    ));
    let off = ChangePoint { enabled: Some(false), ..ChangePoint::default() };
    let changed = change(&test.site, &admin(), &made.name, Some(1), off.clone()).await.unwrap();
    assert_eq!((changed.revision, changed.enabled), (2, false));
    let stale = change(&test.site, &admin(), &made.name, Some(1), off).await;
    assert!(matches!(stale, Err(PointError::Object(ObjectError::Stale { .. }))));
    assert_eq!(list(&test.site, &admin(), &PageRequest::default()).await.unwrap().items, [changed]);
    delete(&test.site, &admin(), &made.name).await.unwrap();
    assert!(matches!(find(&test.site, &admin(), &made.name).await, Err(PointError::Object(ObjectError::NotFound(_)))));
    let gone = assignments(&test.site, &actor(), &made.name, None, Duration::ZERO).await;
    assert!(matches!(gone, Err(PointError::Unknown(_))));
}

#[tokio::test]
async fn a_held_point_hears_of_a_package_and_of_its_next_version() {
    let (test, folder, zip) = published().await;
    let site = &test.site;
    create(site, &admin(), command("berlin")).await.unwrap();
    let (empty, none) = assigned(site, None, Duration::ZERO).await.unwrap();
    assert_eq!(none.contents, []);
    assert_eq!(assigned(site, Some(empty), Duration::ZERO).await, None);

    let (held, ()) = tokio::join!(assigned(site, Some(empty), HOLD_MAX), async {
        assign(site, &admin(), &name("berlin"), &name("zip")).await.unwrap();
    });
    let (first, one) = held.unwrap();
    let content = zip.release.unwrap().content.unwrap().digest;
    assert_eq!((one.contents[0].content, one.contents[0].source_version), (content, 1));

    std::fs::write(folder.join("new"), b"new").unwrap();
    let (held, published) = tokio::join!(assigned(site, Some(first), HOLD_MAX), publish(site));
    published.unwrap();
    assert_eq!(held.unwrap().1.contents[0].source_version, 2);
    unassign(site, &admin(), &name("berlin"), &name("zip")).await.unwrap();
    assert_eq!(assigned(site, None, Duration::ZERO).await.unwrap().0, empty);
}

#[tokio::test]
async fn a_package_goes_to_all_points_or_to_none() {
    let (test, ..) = published().await;
    create(&test.site, &admin(), command("berlin")).await.unwrap();
    let points = [name("berlin"), name("paris")];
    let refused = distribute(&test.site, &admin(), &name("zip"), &points).await.unwrap_err();
    assert!(matches!(refused, PointError::Object(ObjectError::Unresolved { .. })), "{refused}");
    assert_eq!(packages(&test.site, &admin(), &name("berlin"), &PageRequest::default()).await.unwrap().items, []);
    create(&test.site, &admin(), command("paris")).await.unwrap();
    distribute(&test.site, &admin(), &name("zip"), &points).await.unwrap();
    distribute(&test.site, &admin(), &name("zip"), &points).await.unwrap();
    let on = package::points(&test.site, &admin(), &name("zip"), &PageRequest::default()).await.unwrap();
    assert_eq!(on.items.iter().map(|view| view.point.as_str()).collect::<Vec<_>>(), ["berlin", "paris"]);
    let unknown = distribute(&test.site, &admin(), &name("unknown"), &points).await;
    assert!(matches!(unknown, Err(PointError::Object(ObjectError::NotFound(_)))));
}

#[tokio::test]
async fn devices_are_sent_to_points_that_hold_the_content_and_to_the_site_last() {
    let (test, _, zip) = published().await;
    let (site, content) = (&test.site, zip.release.unwrap().content.unwrap().digest);
    for point in ["berlin", "paris"] {
        create(site, &admin(), command(point)).await.unwrap();
    }
    distribute(site, &admin(), &name("zip"), &[name("berlin"), name("paris")]).await.unwrap();
    assert_eq!(sources(site, 1, content).await, ["site"]);
    report_installed(site, "berlin", content).await;
    assert_eq!(sources(site, 1, content).await, ["berlin", "site"]);
    report_installed(site, "paris", content).await;
    let mut first = Vec::new();
    for device in 0..32 {
        let order = sources(site, device, content).await;
        assert_eq!(order, sources(site, device, content).await);
        assert_eq!((order.len(), order[2].as_str()), (3, "site"));
        first.push(order[0].clone());
    }
    let berlin = first.iter().filter(|name| *name == "berlin").count();
    assert!((8..=24).contains(&berlin), "{berlin} of 32 devices begin at berlin");
    let device = DeviceId::from_random(1);
    let found = locations(site, &Actor::Device(device), device, &[content], SITE_URL).await.unwrap();
    assert!(found.contents[0].sources.iter().any(|source| source.url == "https://berlin.example:8443/v1"));
    assert_eq!(found.contents[0].sources[2].url, SITE_URL);
}

#[tokio::test]
async fn unknown_contents_are_left_out_and_too_many_refused() {
    let test = testing::site().await;
    let device = DeviceId::from_random(1);
    let ask = async |count| {
        let contents = vec![Digest::of(b"?"); count];
        locations(&test.site, &Actor::Device(device), device, &contents, SITE_URL).await
    };
    assert_eq!(ask(1).await.unwrap().contents, []);
    assert!(matches!(ask(CONTENTS_MAX + 1).await, Err(PointError::TooMany { .. })));
    let reports = vec![PointReport { content: Digest::of(b"?"), state: PointContentState::Pending }; REPORTS_MAX + 1];
    let refused = report(&test.site, &actor(), &name("berlin"), reports).await;
    assert!(matches!(refused, Err(PointError::TooMany { .. })));
}
