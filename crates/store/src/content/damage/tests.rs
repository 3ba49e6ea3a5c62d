//! Laws of what is known to be damaged, on both engines.

use dray_model::api::content::UpdateLevel;

use super::*;
use crate::content::update::{self, StoredUpdate};
use crate::content::{begin_removal, begin_upload, forget_unused, removed, stats};
use crate::package;
use crate::package::tests::{name, package as new_package, publish, store_content};
use crate::testing::each_engine;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

/// The package `zip` with one version of one content, whose objects are a manifest and a pack.
async fn zip(tx: &mut WriteTx) -> (Digest, String) {
    package::insert(tx, &new_package("zip")).await.unwrap();
    let content = store_content(tx, "a").await;
    publish(tx, &name("zip"), (1, 1), Some(content)).await;
    (content, format!("packs/{content}"))
}

#[test]
fn what_was_never_read_comes_first_and_what_is_on_its_way_is_left() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (content, pack) = zip(&mut tx).await;
        let manifest = format!("manifests/{content}");
        let names = async |tx: &mut WriteTx, before, uploads, limit| -> Vec<String> {
            let found = unread(tx, before, uploads, limit).await.unwrap();
            found.into_iter().map(|object| object.name).collect()
        };
        assert_eq!(names(&mut tx, at(100), at(50), 10).await, [manifest.clone(), pack.clone()]);
        assert_eq!(unread_bytes(&mut tx, at(100), at(50)).await.unwrap(), 20);
        assert!(!note_good(&mut tx, &manifest, at(90)).await.unwrap());
        assert_eq!(names(&mut tx, at(90), at(50), 10).await, std::slice::from_ref(&pack));
        assert_eq!(names(&mut tx, at(100), at(50), 10).await, [pack.clone(), manifest.clone()]);
        assert_eq!(names(&mut tx, at(100), at(50), 1).await, std::slice::from_ref(&pack));
        let again = StoredObject { name: pack.clone(), size_bytes: 10 };
        assert!(begin_upload(&mut tx, &[again], at(60)).await.unwrap());
        assert_eq!(names(&mut tx, at(100), at(60), 10).await, std::slice::from_ref(&manifest));
        assert_eq!(unread_bytes(&mut tx, at(100), at(60)).await.unwrap(), 10);
        assert_eq!(names(&mut tx, at(100), at(61), 10).await, [pack, manifest]);
    });
}

#[test]
fn a_damage_is_new_once_names_who_needs_it_and_goes_with_the_good_object() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (_, pack) = zip(&mut tx).await;
        assert!(note_bad(&mut tx, &pack, DamageState::Missing, "it is gone", at(7)).await.unwrap());
        assert!(!note_bad(&mut tx, &pack, DamageState::Damaged, "it is bad", at(9)).await.unwrap());
        note_hint(&mut tx, &pack, "bring it back").await.unwrap();
        let damaged = DamagedObject {
            object: pack.clone(),
            state: DamageState::Damaged,
            why: "it is bad".to_owned(),
            hint: Some("bring it back".to_owned()),
            found_at: at(7),
            needed_by: vec!["zip@1".to_owned()],
        };
        assert_eq!(list(&mut tx).await.unwrap(), [damaged]);
        let sums = stats(&mut tx).await.unwrap();
        assert_eq!((sums.damaged.count, sums.damaged.bytes, sums.packs.count), (1, 10, 1));
        assert!(is_damaged(&mut tx, &pack).await.unwrap());
        assert!(note_good(&mut tx, &pack, at(10)).await.unwrap());
        assert!(!is_damaged(&mut tx, &pack).await.unwrap());
        assert_eq!(list(&mut tx).await.unwrap(), []);
    });
}

#[test]
fn a_restored_object_is_on_its_way_no_more() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (_, pack) = zip(&mut tx).await;
        let again = StoredObject { name: pack.clone(), size_bytes: 10 };
        let unneeded = StoredObject { name: "packs/unneeded".to_owned(), size_bytes: 10 };
        assert!(begin_upload(&mut tx, &[again, unneeded.clone()], at(60)).await.unwrap());
        note_bad(&mut tx, &pack, DamageState::Damaged, "it is bad", at(61)).await.unwrap();
        assert!(note_restored(&mut tx, &pack, at(62)).await.unwrap());
        assert!(!note_restored(&mut tx, &unneeded.name, at(62)).await.unwrap());
        let found = unread(&mut tx, at(100), at(0), 10).await.unwrap();
        assert!(found.iter().any(|object| object.name == pack), "{found:?}");
        assert_eq!(begin_removal(&mut tx, at(60), at(60), 10).await.unwrap(), [], "that one is on its way");
    });
}

#[test]
fn an_object_that_is_unknown_or_goes_is_not_damaged() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        assert!(!note_bad(&mut tx, "packs/unknown", DamageState::Damaged, "", at(1)).await.unwrap());
        let unused = store_content(&mut tx, "unused").await;
        let pack = format!("packs/{unused}");
        assert!(note_bad(&mut tx, &pack, DamageState::Damaged, "", at(1)).await.unwrap());
        forget_unused(&mut tx).await.unwrap();
        let gone = begin_removal(&mut tx, at(5), at(5), 10).await.unwrap();
        assert!(!note_bad(&mut tx, &format!("manifests/{unused}"), DamageState::Damaged, "", at(2)).await.unwrap());
        removed(&mut tx, &gone).await.unwrap();
        assert_eq!(list(&mut tx).await.unwrap(), []);
    });
}

#[test]
fn updates_that_lean_on_a_damaged_object_are_dropped_as_if_never_prepared() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (content, pack) = zip(&mut tx).await;
        let (from, object) = (Digest::of(b"old"), Digest::of(b"update"));
        let (level, object_bytes) = (UpdateLevel::Publish, 1);
        let kept = StoredUpdate { to: content, from, level, object, object_bytes, fetch_bytes: 2, without_bytes: 9 };
        let objects = ["updates", "packs"].map(|kind| StoredObject { name: format!("{kind}/{object}"), size_bytes: 1 });
        assert!(begin_upload(&mut tx, &objects, at(1)).await.unwrap());
        assert!(update::keep(&mut tx, &kept, &objects, at(1), at(1)).await.unwrap());
        assert_eq!(drop_updates(&mut tx, &pack).await.unwrap(), BTreeSet::new());
        assert_eq!(drop_updates(&mut tx, &objects[1].name).await.unwrap(), [content].into());
        assert_eq!(update::find_all(&mut tx, &[content]).await.unwrap(), []);
        assert!(update::tried(&mut tx, &content).await.unwrap().is_empty());
    });
}

#[test]
fn who_published_an_object_and_what_was_there_before_is_known() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (first, pack) = zip(&mut tx).await;
        let second = store_content(&mut tx, "b").await;
        publish(&mut tx, &name("zip"), (2, 1), Some(second)).await;
        let publishers = publishers(&mut tx, &pack).await.unwrap();
        let source = Some("/srv/source".to_owned());
        let expected = Publisher { package: name("zip"), source_version: 1, content: first, manifest: first, source };
        assert_eq!(publishers, [expected]);
        assert_eq!(contents_before(&mut tx, &name("zip"), 2, 5).await.unwrap(), [(first, first)]);
        assert_eq!(contents_before(&mut tx, &name("zip"), 1, 5).await.unwrap(), []);
    });
}
