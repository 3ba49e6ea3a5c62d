//! Laws of kept updates, on both engines.

use dray_model::api::content::ObjectSums;

use super::*;
use crate::content::{begin_removal, begin_upload, forget_unused, removed};
use crate::package::tests::{name, package as new_package, publish, store_content};
use crate::testing::each_engine;
use crate::{content, package, point};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn update(to: Digest, from: &str, fetch_bytes: u64) -> (StoredUpdate, [StoredObject; 2]) {
    let object = Digest::of(format!("{to} {from} {fetch_bytes}").as_bytes());
    let from = Digest::of(from.as_bytes());
    let objects = ["updates", "packs"].map(|kind| StoredObject { name: format!("{kind}/{object}"), size_bytes: 10 });
    (
        StoredUpdate {
            to,
            from,
            level: UpdateLevel::Publish,
            object,
            object_bytes: 10,
            fetch_bytes,
            without_bytes: 100,
        },
        objects,
    )
}

async fn store(tx: &mut WriteTx, (update, objects): &(StoredUpdate, [StoredObject; 2])) {
    assert!(begin_upload(tx, objects, at(1)).await.unwrap());
    assert!(keep(tx, update, objects, at(2), at(100)).await.unwrap());
}

async fn zip_with(tx: &mut WriteTx, text: &str) -> Digest {
    package::insert(tx, &new_package("zip")).await.unwrap();
    let content = store_content(tx, text).await;
    publish(tx, &name("zip"), (1, 1), Some(content)).await;
    content
}

#[test]
fn updates_are_told_by_what_they_cost() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        let (dear, cheap) = (update(to, "old", 90), update(to, "older", 80));
        store(&mut tx, &dear).await;
        store(&mut tx, &cheap).await;
        assert_eq!(find_all(&mut tx, &[to]).await.unwrap(), [cheap.0, dear.0]);
        assert_eq!(find_all(&mut tx, &[Digest::of(b"?")]).await.unwrap(), []);
        let tried = tried(&mut tx, &to).await.unwrap();
        assert_eq!(tried, [(dear.0.from, UpdateLevel::Publish), (cheap.0.from, UpdateLevel::Publish)].into());
    });
}

#[test]
fn administrators_see_which_version_an_update_begins_from_and_what_the_store_holds() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        zip_with(&mut tx, "old").await;
        let to = store_content(&mut tx, "new").await;
        publish(&mut tx, &name("zip"), (2, 1), Some(to)).await;
        store(&mut tx, &update(to, "old", 90)).await;
        store(&mut tx, &update(to, "elsewhere", 95)).await;
        let views = views(&mut tx, &name("zip"), &to).await.unwrap();
        let seen: Vec<_> = views.iter().map(|view| (view.from_version, view.fetch_bytes, view.without_bytes)).collect();
        assert_eq!(seen, [(Some(1), 90, 100), (None, 95, 100)]);
        assert!(begin_upload(&mut tx, &update(to, "on its way", 1).1, at(3)).await.unwrap());
        let stats = content::stats(&mut tx).await.unwrap();
        let two = ObjectSums { count: 2, bytes: 20 };
        assert_eq!(
            (stats.manifests, stats.packs, stats.updates, stats.segments, stats.unneeded),
            (two, two, two, two, two)
        );
        assert_eq!((stats.contents.bytes, stats.update_fetch_bytes, stats.without_update_bytes), (200, 185, 200));
    });
}

#[test]
fn a_point_is_told_each_object_of_an_update_and_an_export_has_no_use_for_what_makes_manifests() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        point::insert(&mut tx, &point::tests::point("berlin")).await.unwrap();
        assert!(point::assign(&mut tx, &name("berlin"), &name("zip"), at(2)).await.unwrap());
        let (update, _) = update(to, "old", 90);
        let stored =
            |kind: &str, digest: Digest, size_bytes| StoredObject { name: format!("{kind}/{digest}"), size_bytes };
        let assigned = |text: &[u8], bytes| AssignedObject { digest: Digest::of(text), bytes };
        let (pack, difference) = (assigned(b"a pack", 7), assigned(b"a manifest difference", 5));
        let objects = [
            stored("updates", update.object, 10),
            stored("packs", pack.digest, 7),
            stored("manifest-differences", difference.digest, 5),
        ];
        assert!(begin_upload(&mut tx, &objects, at(1)).await.unwrap());
        assert!(keep(&mut tx, &update, &objects, at(2), at(100)).await.unwrap());
        let expected = AssignedUpdate {
            from: update.from,
            object: update.object,
            bytes: 10,
            packs: vec![pack],
            manifest_difference: Some(difference),
        };
        assert_eq!(on_point(&mut tx, &name("berlin")).await.unwrap(), [(to, vec![expected])].into());
        let exported = content::objects(&mut tx, &to).await.unwrap();
        assert!(!exported.contains(&objects[2]) && objects[..2].iter().all(|object| exported.contains(object)));
        let stats = content::stats(&mut tx).await.unwrap();
        assert_eq!(stats.manifest_differences, ObjectSums { count: 1, bytes: 5 });
        assert!(begin_removal(&mut tx, at(50), at(50), 10).await.unwrap().is_empty(), "it is needed");
    });
}

#[test]
fn the_objects_of_an_update_stay_while_it_does_and_a_while_longer_when_it_is_replaced() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        let former = update(to, "old", 90);
        store(&mut tx, &former).await;
        assert_eq!(begin_removal(&mut tx, at(50), at(50), 10).await.unwrap(), []);
        let mut better = update(to, "old", 80);
        better.0.level = UpdateLevel::Background;
        store(&mut tx, &better).await;
        assert_eq!(find_all(&mut tx, &[to]).await.unwrap(), [better.0]);
        assert_eq!(begin_removal(&mut tx, at(50), at(99), 10).await.unwrap(), []);
        let gone = begin_removal(&mut tx, at(50), at(100), 10).await.unwrap();
        assert!(gone.len() == 2 && former.1.iter().all(|object| gone.contains(object)), "{gone:?}");
    });
}

#[test]
fn an_update_goes_with_the_content_it_leads_to_and_not_with_the_one_it_begins_from() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        store_content(&mut tx, "old").await;
        store(&mut tx, &update(to, "old", 90)).await;
        assert_eq!(forget_unused(&mut tx).await.unwrap(), 1);
        assert_eq!(find_all(&mut tx, &[to]).await.unwrap().len(), 1);
        package::delete(&mut tx, &name("zip")).await.unwrap();
        assert_eq!(forget_unused(&mut tx).await.unwrap(), 1);
        assert_eq!(find_all(&mut tx, &[to]).await.unwrap(), []);
        assert_eq!(tried(&mut tx, &to).await.unwrap(), BTreeMap::new());
        assert_eq!(begin_removal(&mut tx, at(50), at(50), 10).await.unwrap().len(), 6);
    });
}

#[test]
fn an_update_whose_object_was_removed_meanwhile_is_not_kept() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        let (update, objects) = update(to, "old", 90);
        assert!(begin_upload(&mut tx, &objects, at(1)).await.unwrap());
        let picked = begin_removal(&mut tx, at(2), at(2), 10).await.unwrap();
        assert!(!keep(&mut tx, &update, &objects, at(3), at(3)).await.unwrap());
        removed(&mut tx, &picked).await.unwrap();
        assert!(!keep(&mut tx, &update, &objects, at(3), at(3)).await.unwrap());
        assert_eq!(find_all(&mut tx, &[to]).await.unwrap(), []);
    });
}

#[test]
fn a_pair_keeps_the_highest_level_it_was_tried_at() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        let from = Digest::of(b"old");
        note_tried(&mut tx, &to, &from, UpdateLevel::Background).await.unwrap();
        note_tried(&mut tx, &to, &from, UpdateLevel::Publish).await.unwrap();
        assert_eq!(tried(&mut tx, &to).await.unwrap(), [(from, UpdateLevel::Background)].into());
    });
}

#[test]
fn a_point_is_to_hold_the_updates_of_what_it_is_to_hold() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let to = zip_with(&mut tx, "new").await;
        let stranger = store_content(&mut tx, "stranger").await;
        point::insert(&mut tx, &point::tests::point("berlin")).await.unwrap();
        point::assign(&mut tx, &name("berlin"), &name("zip"), at(2)).await.unwrap();
        let held = update(to, "old", 90);
        store(&mut tx, &held).await;
        store(&mut tx, &update(stranger, "old", 90)).await;
        let assigned = point::assignments(&mut tx, &name("berlin")).await.unwrap();
        assert_eq!(assigned.len(), 1);
        let found = &assigned[0].updates;
        assert_eq!((found.len(), found[0].object, found[0].bytes), (1, held.0.object, 10));
        assert_eq!(
            found[0].packs.iter().map(|pack| (pack.digest, pack.bytes)).collect::<Vec<_>>(),
            [(held.0.object, 10)]
        );
        assert!(content::find(&mut tx, &to).await.unwrap().is_some());
        let (carrying, [object, _]) = update(to, "older", 80);
        assert!(begin_upload(&mut tx, std::slice::from_ref(&object), at(1)).await.unwrap());
        assert!(keep(&mut tx, &carrying, &[object], at(2), at(100)).await.unwrap());
        let assigned = point::assignments(&mut tx, &name("berlin")).await.unwrap();
        let found: Vec<_> = assigned[0].updates.iter().map(|update| (update.object, update.packs.len())).collect();
        assert_eq!(found, [(carrying.object, 0), (held.0.object, 1)], "one that has no packs is told too");
    });
}
