//! Laws of kept advertisements, on both engines.

use super::*;
use crate::document::NewDocument;
use crate::scope::Within;
use crate::testing::each_engine;
use crate::{collection, document, package};
use dray_model::api::package::PackageView;

pub(crate) fn stored(name: &str, revision: u32) -> StoredAdvertisement {
    let terms = serde_json::json!({ "package": "editor", "program": "install", "collection": "all-devices" });
    StoredAdvertisement {
        name: name.parse().unwrap(),
        revision,
        document: Digest::of(format!("{name} {revision}").as_bytes()),
        terms: serde_json::from_value(terms).unwrap(),
        published_at: Timestamp::from_secs(revision.into()),
    }
}

/// Keeps the document that a signed revision would have, the package `editor` and the collection `all-devices`.
pub(crate) async fn with_document(tx: &mut WriteTx, advertisement: &StoredAdvertisement) {
    let new = NewDocument {
        digest: advertisement.document,
        role: "advertisement",
        envelope: b"{}",
        created_at: advertisement.published_at,
    };
    document::insert(tx, &new).await.unwrap();
    let editor: Name = "editor".parse().unwrap();
    if package::find(tx, &editor).await.unwrap().is_none() {
        let view = PackageView {
            name: editor,
            revision: 1,
            properties: Default::default(),
            source: None,
            outside_links: Default::default(),
            names: Default::default(),
            programs: Vec::new(),
            release: None,
            publishing: None,
            created_at: Timestamp::from_secs(1),
            changed_at: Timestamp::from_secs(1),
        };
        package::insert(tx, &view).await.unwrap();
    }
    let all: Name = "all-devices".parse().unwrap();
    if collection::find(tx, &all).await.unwrap().is_none() {
        collection::insert(tx, &all, &Default::default(), Timestamp::from_secs(1)).await.unwrap();
    }
}

async fn keep(tx: &mut WriteTx, name: &str, revision: u32) -> Result<(), StoreError> {
    let advertisement = stored(name, revision);
    with_document(tx, &advertisement).await;
    put(tx, &advertisement).await
}

#[test]
fn the_last_revision_put_is_in_force() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        keep(&mut tx, "now", 1).await.unwrap();
        keep(&mut tx, "now", 2).await.unwrap();
        let name = "now".parse().unwrap();
        assert_eq!(find(&mut tx, &name).await.unwrap(), Some(stored("now", 2)));
        assert_eq!(last_revision(&mut tx, &name).await.unwrap(), 2);
    });
}

#[test]
fn a_revision_is_published_once() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        keep(&mut tx, "now", 1).await.unwrap();
        let error = keep(&mut tx, "now", 1).await.unwrap_err();
        assert!(error.is_conflict_on("advertisement_revision", "primary key"), "{error}");
    });
}

#[test]
fn a_withdrawn_advertisement_keeps_its_revisions() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        keep(&mut tx, "now", 1).await.unwrap();
        let name = "now".parse().unwrap();
        assert!(withdraw(&mut tx, &name).await.unwrap());
        assert!(!withdraw(&mut tx, &name).await.unwrap());
        assert_eq!(find(&mut tx, &name).await.unwrap(), None);
        assert_eq!(last_revision(&mut tx, &name).await.unwrap(), 1);
    });
}

#[test]
fn a_package_without_a_release_offers_nothing() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        keep(&mut tx, "now", 1).await.unwrap();
        assert_eq!(offers(&mut tx).await.unwrap(), []);
        let (editor, release) = ("editor".parse().unwrap(), stored("now", 1).document);
        package::set_newest(&mut tx, &editor, &release).await.unwrap();
        let devices: Name = "all-devices".parse().unwrap();
        let all = collection::number(&mut tx, &devices).await.unwrap().unwrap();
        let offer = &offers(&mut tx).await.unwrap()[0];
        assert_eq!((offer.advertisement, offer.release), (release, release));
        assert_eq!(offer.collection, all);
        assert_eq!(collections_of_package(&mut tx, &editor).await.unwrap(), [all]);
        assert!(
            reaches(&mut tx, all).await.unwrap()
                && reached(&mut tx, &[all, all + 1].into()).await.unwrap() == [all].into()
        );
    });
}

#[test]
fn advertisements_are_found_by_package_and_by_collection() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        for name in ["b", "a"] {
            keep(&mut tx, name, 1).await.unwrap();
        }
        let found = of_package(&mut tx, &"editor".parse().unwrap()).await.unwrap();
        assert_eq!(found, [stored("a", 1), stored("b", 1)]);
        assert_eq!(of_collection(&mut tx, &"all-devices".parse().unwrap()).await.unwrap().len(), 2);
        assert_eq!(of_collection(&mut tx, &"others".parse().unwrap()).await.unwrap(), []);
        let first = list(&mut tx, Within::default(), &PageRequest::new(Some(1), None)).await.unwrap();
        let second = list(&mut tx, Within::default(), &PageRequest::new(Some(1), first.next)).await.unwrap();
        assert_eq!((second.items, second.next), (vec![stored("b", 1)], None));
    });
}

#[test]
fn a_collection_that_is_advertised_to_stays() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        keep(&mut tx, "now", 1).await.unwrap();
        let all = collection::find(&mut tx, &"all-devices".parse().unwrap()).await.unwrap().unwrap();
        assert!(matches!(collection::delete(&mut tx, all.id).await, Err(StoreError::Reference { .. })));
    });
}
