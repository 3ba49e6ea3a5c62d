//! Laws of kept points and what is on them, on both engines.

use dray_model::Digest;
use dray_model::point::{PointContentState, PointReport};

use super::*;
use crate::package;
use crate::package::tests::{name, package as new_package, publish, store_content};
use crate::scope::Within;
use crate::testing::each_engine;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

pub(crate) fn point(text: &str) -> PointView {
    PointView {
        name: name(text),
        revision: 1,
        title: "In the cellar".parse().unwrap(),
        url: format!("https://{text}.example:8443"),
        enabled: true,
        enrolled_at: None,
        seen_at: None,
        packages: 0,
        created_at: at(1),
    }
}

fn installed(content: Digest) -> PointReport {
    PointReport { content, state: PointContentState::Installed { verified_at: at(9) } }
}

/// A point `berlin` and a package `zip` on it, with a first content.
async fn berlin_with_zip(tx: &mut WriteTx) -> Digest {
    insert(tx, &point("berlin")).await.unwrap();
    package::insert(tx, &new_package("zip")).await.unwrap();
    assert!(assign(tx, &name("berlin"), &name("zip"), at(2)).await.unwrap());
    let content = store_content(tx, "one").await;
    publish(tx, &name("zip"), (1, 1), Some(content)).await;
    content
}

async fn assigned(tx: &mut WriteTx) -> Vec<u32> {
    assignments(tx, &name("berlin")).await.unwrap().iter().map(|a| a.source_version).collect()
}

async fn sources_of(tx: &mut WriteTx, content: Digest) -> Vec<String> {
    sources(tx, &[content]).await.unwrap().into_iter().map(|source| source.point.to_string()).collect()
}

#[test]
fn a_point_reads_back_and_its_name_is_taken() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let mut berlin = point("berlin");
        insert(&mut tx, &berlin).await.unwrap();
        (berlin.revision, berlin.enabled) = (2, false);
        change(&mut tx, &berlin).await.unwrap();
        (berlin.enrolled_at, berlin.seen_at) = (Some(at(5)), Some(at(6)));
        assert!(enrolled(&mut tx, &berlin.name, at(5)).await.unwrap());
        assert!(seen(&mut tx, &berlin.name, at(6)).await.unwrap());
        assert_eq!(find(&mut tx, &berlin.name).await.unwrap().as_ref(), Some(&berlin));
        assert_eq!(list(&mut tx, Within::default(), &PageRequest::default()).await.unwrap().items, [berlin]);
        assert!(!seen(&mut tx, &name("paris"), at(6)).await.unwrap());
        let error = insert(&mut tx, &point("berlin")).await.unwrap_err();
        assert!(error.is_conflict_on("point", "primary key"), "{error}");
    });
}

#[test]
fn the_former_content_stays_until_the_newest_is_installed() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let one = berlin_with_zip(&mut tx).await;
        report(&mut tx, &name("berlin"), &[installed(one)], at(10)).await.unwrap();
        let two = store_content(&mut tx, "two").await;
        publish(&mut tx, &name("zip"), (2, 1), Some(two)).await;
        publish(&mut tx, &name("zip"), (2, 2), Some(two)).await;
        assert_eq!(assigned(&mut tx).await, [1, 2]);
        let view = on_point(&mut tx, Within::default(), &name("berlin"), &PageRequest::default())
            .await
            .unwrap()
            .items
            .remove(0);
        assert_eq!((view.wanted, view.held, view.state), (Some(2), Some(1), PointContentState::Pending));
        report(&mut tx, &name("berlin"), &[installed(two)], at(11)).await.unwrap();
        assert_eq!(assigned(&mut tx).await, [2]);
        assert_eq!(forget_unassigned(&mut tx, Some(&name("berlin"))).await.unwrap(), 1);
        assert_eq!(sources_of(&mut tx, one).await, Vec::<String>::new());
        assert_eq!(sources_of(&mut tx, two).await, ["berlin"]);
        let view = on_package(&mut tx, Within::default(), &name("zip"), &PageRequest::default())
            .await
            .unwrap()
            .items
            .remove(0);
        assert_eq!((view.wanted, view.held, view.reported_at), (Some(2), Some(2), Some(at(11))));
    });
}

#[test]
fn only_enabled_points_that_hold_a_content_are_sources() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let one = berlin_with_zip(&mut tx).await;
        assert_eq!(sources_of(&mut tx, one).await, Vec::<String>::new());
        let (done_bytes, total_bytes) = (1, 2);
        let transferring =
            PointReport { content: one, state: PointContentState::Transferring { done_bytes, total_bytes } };
        report(&mut tx, &name("berlin"), &[installed(one), transferring], at(9)).await.unwrap();
        assert_eq!(sources_of(&mut tx, one).await, Vec::<String>::new());
        report(&mut tx, &name("berlin"), &[installed(one)], at(10)).await.unwrap();
        assert_eq!(sources_of(&mut tx, one).await, ["berlin"]);
        change(&mut tx, &PointView { enabled: false, ..point("berlin") }).await.unwrap();
        assert_eq!(sources_of(&mut tx, one).await, Vec::<String>::new());
    });
}

#[test]
fn reports_of_what_a_point_is_not_to_hold_are_dropped() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let one = berlin_with_zip(&mut tx).await;
        let stranger = store_content(&mut tx, "stranger").await;
        let unknown = Digest::of(b"unknown");
        report(&mut tx, &name("berlin"), &[installed(stranger), installed(unknown)], at(10)).await.unwrap();
        assert_eq!(sources_of(&mut tx, stranger).await, Vec::<String>::new());
        report(&mut tx, &name("berlin"), &[installed(one)], at(10)).await.unwrap();
        assert!(!assign(&mut tx, &name("berlin"), &name("zip"), at(11)).await.unwrap());
        assert!(unassign(&mut tx, &name("berlin"), &name("zip")).await.unwrap());
        assert!(!unassign(&mut tx, &name("berlin"), &name("zip")).await.unwrap());
        assert_eq!(forget_unassigned(&mut tx, None).await.unwrap(), 1);
        assert_eq!(assigned(&mut tx).await, Vec::<u32>::new());
    });
}

#[test]
fn a_deleted_point_or_package_leaves_no_assignment() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        berlin_with_zip(&mut tx).await;
        package::delete(&mut tx, &name("zip")).await.unwrap();
        assert_eq!(find(&mut tx, &name("berlin")).await.unwrap().unwrap().packages, 0);
        delete(&mut tx, &name("berlin")).await.unwrap();
        assert_eq!(find(&mut tx, &name("berlin")).await.unwrap(), None);
    });
}
