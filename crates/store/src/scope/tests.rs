//! Laws of scopes: what is in one, and that lists show nothing else.

use std::collections::BTreeSet;

use dray_model::Timestamp;
use dray_model::api::point::PointView;
use dray_model::api::scope::ScopedKind;
use dray_model::collection::CollectionProperties;

use super::*;
use crate::collection::Membership;
use crate::device::DeviceFilter;
use crate::testing::each_engine;
use crate::{collection, device, point};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn scope(text: &str) -> ScopeView {
    ScopeView { name: name(text), title: "A branch".parse().unwrap(), objects: 0, created_at: Timestamp::from_secs(1) }
}

fn object(kind: ScopedKind, text: &str) -> ScopeObject {
    ScopeObject { kind, name: name(text) }
}

async fn add_point(tx: &mut WriteTx, text: &str) {
    let view = PointView {
        name: name(text),
        revision: 1,
        title: Default::default(),
        url: "https://a.example".to_owned(),
        enabled: true,
        enrolled_at: None,
        seen_at: None,
        packages: 0,
        created_at: Timestamp::from_secs(1),
    };
    point::insert(tx, &view).await.unwrap();
}

#[test]
fn a_scope_reads_back_with_what_is_in_it_and_goes() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        insert(&mut tx, &scope("berlin")).await.unwrap();
        let berlin = name("berlin");
        for (kind, text) in [(ScopedKind::Point, "b"), (ScopedKind::Package, "zip"), (ScopedKind::Package, "b")] {
            assert!(add(&mut tx, &berlin, &object(kind, text)).await.unwrap());
            assert!(!add(&mut tx, &berlin, &object(kind, text)).await.unwrap());
        }
        let first = objects(&mut tx, &berlin, &PageRequest::new(Some(2), None)).await.unwrap();
        let second = objects(&mut tx, &berlin, &PageRequest::new(Some(2), first.next.clone())).await.unwrap();
        let all: Vec<_> = first.items.into_iter().chain(second.items).collect();
        let expected = [(ScopedKind::Package, "b"), (ScopedKind::Package, "zip"), (ScopedKind::Point, "b")];
        assert_eq!(all, expected.map(|(kind, text)| object(kind, text)));
        assert!(remove(&mut tx, &berlin, &object(ScopedKind::Package, "b")).await.unwrap());
        assert!(!remove(&mut tx, &berlin, &object(ScopedKind::Package, "b")).await.unwrap());
        let listed = list(&mut tx, &PageRequest::default()).await.unwrap().items;
        assert_eq!(listed, [ScopeView { objects: 2, ..scope("berlin") }]);
        delete(&mut tx, &berlin).await.unwrap();
        assert_eq!(find(&mut tx, &berlin).await.unwrap(), None);
        assert_eq!(objects(&mut tx, &berlin, &PageRequest::default()).await.unwrap().items, []);
    });
}

#[test]
fn lists_leave_out_what_is_outside_of_the_scope() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let berlin = name("berlin");
        insert(&mut tx, &scope("berlin")).await.unwrap();
        for text in ["inside", "outside"] {
            add_point(&mut tx, text).await;
        }
        add(&mut tx, &berlin, &object(ScopedKind::Point, "inside")).await.unwrap();
        let request = PageRequest::default();
        let names = |page: Page<PointView>| page.items.into_iter().map(|point| point.name).collect::<Vec<_>>();
        let all = names(point::list(&mut tx, Within(None), &request).await.unwrap());
        assert_eq!(all, [name("inside"), name("outside")]);
        assert_eq!(names(point::list(&mut tx, Within(Some(&berlin)), &request).await.unwrap()), [name("inside")]);
    });
}

#[test]
fn a_device_is_in_the_scopes_of_its_collections() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (berlin, at) = (name("berlin"), Timestamp::from_secs(1));
        insert(&mut tx, &scope("berlin")).await.unwrap();
        let ids: Vec<_> = [1, 2].map(DeviceId::from_random).into();
        for (id, text) in ids.iter().zip(["inside", "outside"]) {
            device::insert(&mut tx, *id, &name(text), at).await.unwrap();
        }
        let number = collection::insert(&mut tx, &name("pcs"), &CollectionProperties::default(), at).await.unwrap();
        let membership = Membership { collection: number, device: ids[0] };
        collection::change_members(&mut tx, &[membership], &[]).await.unwrap();
        add(&mut tx, &berlin, &object(ScopedKind::Collection, "pcs")).await.unwrap();
        let request = PageRequest::default();
        let within = Within(Some(&berlin));
        let found = device::list(&mut tx, within, &DeviceFilter::default(), &request).await.unwrap();
        assert_eq!(found.items.iter().map(|device| device.id).collect::<BTreeSet<_>>(), [ids[0]].into());
        for (id, inside) in ids.iter().zip([true, false]) {
            assert_eq!(holds(&mut tx, &berlin, ObjectKind::Device, &id.to_string()).await.unwrap(), inside);
            let collections = collection::names_of(&mut tx, within, *id).await.unwrap();
            assert_eq!(collections.len(), usize::from(inside));
        }
    });
}

#[test]
fn a_name_that_comes_back_is_in_no_scope() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let berlin = name("berlin");
        insert(&mut tx, &scope("berlin")).await.unwrap();
        add_point(&mut tx, "dp").await;
        add(&mut tx, &berlin, &object(ScopedKind::Point, "dp")).await.unwrap();
        assert!(holds(&mut tx, &berlin, ObjectKind::Point, "dp").await.unwrap());
        point::delete(&mut tx, &name("dp")).await.unwrap();
        add_point(&mut tx, "dp").await;
        assert!(!holds(&mut tx, &berlin, ObjectKind::Point, "dp").await.unwrap());
    });
}
