//! Laws of kept packages and releases, on both engines.

use dray_model::Timestamp;
use dray_model::package::{Content, Names, NotCarried, NotCarriedKind, OutsideLinks, ReleaseNumber, UNIX_NAMES};

use super::*;
use crate::content::{StoredContent, StoredObject};
use crate::document::NewDocument;
use crate::scope::Within;
use crate::testing::each_engine;
use crate::{content, document, job, release};

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn package(text: &str) -> PackageView {
    PackageView {
        name: name(text),
        revision: 1,
        properties: serde_json::from_str(r#"{"title": "An archiver"}"#).unwrap(),
        source: Some("/srv/source".to_owned()),
        outside_links: OutsideLinks::Keep,
        names: Names::Unix,
        programs: serde_json::from_str(r#"[{"name": "install", "command": "./install"}]"#).unwrap(),
        release: None,
        publishing: None,
        created_at: Timestamp::from_secs(1),
        changed_at: Timestamp::from_secs(2),
    }
}

fn not_carried() -> Vec<NotCarried> {
    vec![NotCarried { kind: NotCarriedKind::Setuid, count: 2, example: "bin/su".to_owned() }]
}

/// Stores a content of one manifest and one pack, named after `text`.
pub(crate) async fn store_content(tx: &mut WriteTx, text: &str) -> Digest {
    let digest = Digest::of(text.as_bytes());
    let requires = vec![UNIX_NAMES.to_owned()];
    let stored = StoredContent {
        digest,
        manifest: digest,
        manifest_bytes: 10,
        size_bytes: 100,
        files: 2,
        requires,
        not_carried: not_carried(),
    };
    let objects = ["manifests", "packs"].map(|kind| StoredObject { name: format!("{kind}/{digest}"), size_bytes: 10 });
    assert!(content::begin_upload(tx, &objects, Timestamp::from_secs(1)).await.unwrap());
    assert!(content::keep(tx, &stored, &objects, Timestamp::from_secs(1)).await.unwrap());
    digest
}

/// Publishes a release, of a content that is stored.
pub(crate) async fn publish(
    tx: &mut WriteTx,
    package: &Name,
    (source_version, revision): (u32, u32),
    content: Option<Digest>,
) -> ReleaseView {
    let envelope = format!("{package} {source_version}.{revision}");
    let digest = Digest::of(envelope.as_bytes());
    let release = ReleaseView {
        number: ReleaseNumber { source_version, revision },
        digest,
        content: content.map(|digest| Content {
            digest,
            size_bytes: 100,
            files: 2,
            requires: vec![UNIX_NAMES.to_owned()],
        }),
        not_carried: if content.is_some() { not_carried() } else { vec![] },
        manifest: content,
        new_bytes: 7,
        published_at: Timestamp::from_secs(5),
    };
    let document =
        NewDocument { digest, role: "release", envelope: envelope.as_bytes(), created_at: Timestamp::from_secs(5) };
    document::insert(tx, &document).await.unwrap();
    release::insert(tx, package, &release).await.unwrap();
    set_newest(tx, package, &digest).await.unwrap();
    release
}

#[test]
fn a_package_reads_back_with_its_newest_release_and_its_job() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let mut zip = package("zip");
        insert(&mut tx, &zip).await.unwrap();
        assert_eq!(find(&mut tx, &zip.name).await.unwrap().as_ref(), Some(&zip));
        publish(&mut tx, &zip.name, (1, 1), None).await;
        let content = store_content(&mut tx, "a").await;
        zip.release = Some(publish(&mut tx, &zip.name, (2, 1), Some(content)).await);
        let (id, now) = (dray_model::JobId::from_random(3), Timestamp::from_secs(3));
        let wanted =
            job::NewJob { id, kind: PUBLISH_JOB, key: Some("zip"), payload: "{}", run_at: now, created_at: now };
        zip.publishing = Some(job::enqueue(&mut tx, &wanted).await.unwrap());
        assert_eq!(find(&mut tx, &zip.name).await.unwrap().as_ref(), Some(&zip));
        job::cancel(&mut tx, id, now).await.unwrap();
        (zip.publishing, zip.revision, zip.source) = (None, 2, None);
        change(&mut tx, &zip).await.unwrap();
        assert_eq!(list(&mut tx, Within::default(), &PageRequest::default()).await.unwrap().items, [zip]);
    });
}

#[test]
fn a_taken_name_is_a_conflict() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        insert(&mut tx, &package("zip")).await.unwrap();
        let error = insert(&mut tx, &package("zip")).await.unwrap_err();
        assert!(error.is_conflict_on("package", "primary key"), "{error}");
    });
}

#[test]
fn releases_are_listed_newest_first_across_pages() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let zip = package("zip");
        insert(&mut tx, &zip).await.unwrap();
        for number in [(1, 1), (1, 2), (2, 1), (10, 1)] {
            publish(&mut tx, &zip.name, number, None).await;
        }
        let first = release::list(&mut tx, &zip.name, &PageRequest::new(Some(2), None)).await.unwrap();
        let rest = release::list(&mut tx, &zip.name, &PageRequest::new(Some(2), first.next.clone())).await.unwrap();
        let numbers: Vec<_> = first.items.iter().chain(&rest.items).map(|r| r.number.to_string()).collect();
        assert_eq!(numbers, ["10.1", "2.1", "1.2", "1.1"]);
        assert_eq!(rest.next, None);
    });
}

#[test]
fn a_deleted_package_takes_its_releases_and_documents_with_it() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let (zip, other) = (package("zip"), package("other"));
        insert(&mut tx, &zip).await.unwrap();
        insert(&mut tx, &other).await.unwrap();
        let gone = publish(&mut tx, &zip.name, (1, 1), None).await;
        let kept = publish(&mut tx, &other.name, (1, 1), None).await;
        delete(&mut tx, &zip.name).await.unwrap();
        assert_eq!(find(&mut tx, &zip.name).await.unwrap(), None);
        assert_eq!(document::find(&mut tx, &gone.digest).await.unwrap(), None);
        assert!(document::find(&mut tx, &kept.digest).await.unwrap().is_some());
    });
}

#[test]
fn the_advertisements_of_a_package_are_found() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let zip = package("zip");
        insert(&mut tx, &zip).await.unwrap();
        assert_eq!(advertisements(&mut tx, &zip.name).await.unwrap(), []);
        let release = publish(&mut tx, &zip.name, (1, 1), None).await;
        crate::collection::insert(&mut tx, &name("all"), &Default::default(), Timestamp::from_secs(1)).await.unwrap();
        let advertise = "INSERT INTO advertisement (name, revision, document, package, collection, terms, published_at) \
                         VALUES ('zip-for-all', 1, $1, 'zip', 'all', '{}', 1)";
        let advertise = sqlx::query(advertise).bind(release.digest.as_bytes().to_vec());
        advertise.execute(tx.connection()).await.unwrap();
        assert_eq!(advertisements(&mut tx, &zip.name).await.unwrap(), ["zip-for-all".parse().unwrap()]);
        assert!(matches!(delete(&mut tx, &zip.name).await, Err(StoreError::Reference { .. })));
    });
}

#[test]
fn packages_are_found_by_a_program_of_theirs() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        for text in ["zip", "other"] {
            insert(&mut tx, &package(text)).await.unwrap();
        }
        assert_eq!(with_program(&mut tx, &name("install")).await.unwrap(), [name("other"), name("zip")]);
        assert_eq!(with_program(&mut tx, &name("nothing")).await.unwrap(), Vec::<Name>::new());
    });
}
