//! Laws of kept contents and objects, on both engines.

use super::*;
use crate::package;
use crate::package::tests::{name, package as new_package, publish, store_content};
use crate::testing::each_engine;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn object(text: &str) -> StoredObject {
    StoredObject { name: format!("packs/{}", Digest::of(text.as_bytes())), size_bytes: 10 }
}

#[test]
fn a_content_reads_back() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let digest = store_content(&mut tx, "a").await;
        let found = find(&mut tx, &digest).await.unwrap().unwrap();
        assert_eq!((found.digest, found.size_bytes, found.files), (digest, 100, 2));
        assert_eq!(find_all(&mut tx, &[Digest::of(b"?"), digest]).await.unwrap(), [found]);
        assert_eq!(find(&mut tx, &Digest::of(b"?")).await.unwrap(), None);
    });
}

#[test]
fn objects_that_a_release_needs_stay_and_the_others_go() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        package::insert(&mut tx, &new_package("zip")).await.unwrap();
        let kept = store_content(&mut tx, "kept").await;
        publish(&mut tx, &name("zip"), (1, 1), Some(kept)).await;
        let unused = store_content(&mut tx, "unused").await;
        assert_eq!(forget_unused(&mut tx).await.unwrap(), 1);
        let picked = begin_removal(&mut tx, at(0), at(1000), 10).await.unwrap();
        let mut expected = ["manifests", "packs"].map(|kind| format!("{kind}/{unused}")).to_vec();
        expected.sort();
        let mut sorted: Vec<_> = picked.iter().map(|object| object.name.clone()).collect();
        sorted.sort();
        assert_eq!(sorted, expected);
        removed(&mut tx, &picked).await.unwrap();
        assert_eq!(begin_removal(&mut tx, at(0), at(1000), 10).await.unwrap(), []);
    });
}

#[test]
fn an_upload_under_way_is_not_removed_until_it_is_old() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        assert!(begin_upload(&mut tx, &[object("a")], at(100)).await.unwrap());
        assert_eq!(begin_removal(&mut tx, at(100), at(1000), 10).await.unwrap(), []);
        assert_eq!(begin_removal(&mut tx, at(101), at(1000), 10).await.unwrap(), [object("a")]);
    });
}

#[test]
fn what_is_being_removed_is_neither_uploaded_nor_kept() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (a, b) = (object("a"), object("b"));
        assert!(begin_upload(&mut tx, std::slice::from_ref(&a), at(1)).await.unwrap());
        begin_removal(&mut tx, at(2), at(1000), 10).await.unwrap();
        assert!(!begin_upload(&mut tx, &[a.clone(), b.clone()], at(3)).await.unwrap());
        let digest = Digest::of(b"tree");
        let content = StoredContent {
            digest,
            manifest: digest,
            manifest_bytes: 1,
            size_bytes: 1,
            files: 1,
            requires: vec![],
            not_carried: vec![],
        };
        assert!(!keep(&mut tx, &content, &[a.clone(), b.clone()], at(4)).await.unwrap());
        removed(&mut tx, std::slice::from_ref(&a)).await.unwrap();
        assert!(begin_upload(&mut tx, &[a.clone(), b.clone()], at(5)).await.unwrap());
        assert!(keep(&mut tx, &content, &[a, b], at(6)).await.unwrap());
    });
}

#[test]
fn the_objects_of_a_content_are_those_of_its_updates_too_and_a_version_is_found_by_its_number() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        package::insert(&mut tx, &new_package("zip")).await.unwrap();
        let (first, second) = (store_content(&mut tx, "a").await, store_content(&mut tx, "b").await);
        publish(&mut tx, &name("zip"), (1, 1), Some(first)).await;
        publish(&mut tx, &name("zip"), (2, 1), Some(second)).await;
        let (level, object) = (dray_model::api::content::UpdateLevel::Publish, Digest::of(b"update"));
        let (object_bytes, fetch_bytes, without_bytes) = (1, 2, 9);
        let kept =
            update::StoredUpdate { to: second, from: first, level, object, object_bytes, fetch_bytes, without_bytes };
        let of_update = [StoredObject { name: format!("updates/{object}"), size_bytes: 1 }];
        assert!(begin_upload(&mut tx, &of_update, at(1)).await.unwrap());
        assert!(update::keep(&mut tx, &kept, &of_update, at(1), at(1)).await.unwrap());
        let names: Vec<_> = objects(&mut tx, &second).await.unwrap().into_iter().map(|object| object.name).collect();
        assert_eq!(names, [format!("manifests/{second}"), format!("packs/{second}"), format!("updates/{object}")]);
        assert_eq!(objects(&mut tx, &first).await.unwrap().len(), 2);
        let content_of =
            async |tx: &mut WriteTx, version| crate::release::content_of(tx, &name("zip"), version).await.unwrap();
        assert_eq!(content_of(&mut tx, None).await, Some((2, second)));
        assert_eq!(content_of(&mut tx, Some(1)).await, Some((1, first)));
        assert_eq!(content_of(&mut tx, Some(3)).await, None);
    });
}
