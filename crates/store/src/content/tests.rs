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
        let mut sorted = picked.clone();
        sorted.sort();
        assert_eq!(sorted, expected);
        removed(&mut tx, &picked).await.unwrap();
        assert_eq!(begin_removal(&mut tx, at(0), at(1000), 10).await.unwrap(), Vec::<String>::new());
    });
}

#[test]
fn an_upload_under_way_is_not_removed_until_it_is_old() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        assert!(begin_upload(&mut tx, &[object("a")], at(100)).await.unwrap());
        assert_eq!(begin_removal(&mut tx, at(100), at(1000), 10).await.unwrap(), Vec::<String>::new());
        assert_eq!(begin_removal(&mut tx, at(101), at(1000), 10).await.unwrap(), [object("a").name]);
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
        let content = StoredContent { digest, manifest: digest, manifest_bytes: 1, size_bytes: 1, files: 1 };
        assert!(!keep(&mut tx, &content, &[a.clone(), b.clone()], at(4)).await.unwrap());
        removed(&mut tx, std::slice::from_ref(&a.name)).await.unwrap();
        assert!(begin_upload(&mut tx, &[a.clone(), b.clone()], at(5)).await.unwrap());
        assert!(keep(&mut tx, &content, &[a, b], at(6)).await.unwrap());
    });
}
