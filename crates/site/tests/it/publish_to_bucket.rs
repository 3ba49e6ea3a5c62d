//! A package with its content in a bucket: published, published again after a small change, and served.

use std::path::Path;

use dray_model::access::PredefinedRole;
use dray_model::api::package::{CreatePackage, ReleaseView};
use dray_model::range::RangeRequest;
use dray_site::content::{self, ObjectName};
use dray_site::job::{self, JobFailure, JobKind as _, Progress};
use dray_site::package::{self, Publish, PublishPackage};
use dray_site::{Actor, ContentLocation, InitOptions, Site, clock, init};
use futures_util::TryStreamExt as _;

use crate::s3::Server;

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn admin() -> Actor {
    Actor::Token { name: "test".parse().unwrap(), rights: PredefinedRole::Administrator.into() }
}

async fn site(folder: &Path, location: &str) -> Site {
    let mut options = InitOptions::new("test".parse().unwrap());
    options.config.content = location.parse::<ContentLocation>().unwrap();
    init(&folder.join("site"), &options, clock::system()).await.unwrap();
    Site::open(&folder.join("site")).await.unwrap()
}

async fn create(site: &Site, source: &Path) {
    let command = CreatePackage {
        name: "editor".parse().unwrap(),
        properties: serde_json::from_str(r#"{"title": "An editor"}"#).unwrap(),
        source: Some(source.to_str().unwrap().to_owned()),
        outside_links: Default::default(),
        names: Default::default(),
        programs: Vec::new(),
    };
    package::create(site, &admin(), command).await.unwrap();
}

async fn publish(site: &Site) -> Result<(), JobFailure> {
    Publish
        .run(
            site,
            PublishPackage { package: "editor".parse().unwrap(), checksum: false, times: false },
            &Progress::default(),
        )
        .await
}

async fn newest(site: &Site) -> Option<ReleaseView> {
    package::find(site, &admin(), &"editor".parse().unwrap()).await.unwrap().release
}

async fn read(site: &Site, name: &ObjectName, wanted: Option<RangeRequest>) -> Vec<u8> {
    let point = Actor::Point("berlin".parse().unwrap());
    let opened = content::open(site, &point, name, wanted).await.unwrap();
    let pieces: Vec<_> = opened.body.try_collect().await.unwrap();
    let bytes = pieces.concat();
    assert_eq!(bytes.len() as u64, opened.range.end - opened.range.start);
    bytes
}

/// The packs in the bucket, by what its disk holds.
fn packs(server: &Server) -> Vec<ObjectName> {
    let entries = std::fs::read_dir(server.disk().join("site/packs")).unwrap();
    entries.map(|entry| format!("packs/{}", entry.unwrap().file_name().to_str().unwrap()).parse().unwrap()).collect()
}

#[tokio::test]
async fn a_package_is_published_to_a_bucket_republished_cheaply_and_served_by_range() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path(), &server.location("site")).await;
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    let mut bytes = noise(1, 20_000_000);
    std::fs::write(source.join("editor"), &bytes).unwrap();
    create(&site, &source).await;
    publish(&site).await.unwrap();
    assert!(newest(&site).await.unwrap().new_bytes > 20_000_000);
    assert!(server.most_bytes_under_way() <= 16 << 20, "two parts of 8 MiB: {}", server.most_bytes_under_way());
    let parts = server.requests().iter().filter(|request| request.contains("partNumber=")).count();
    assert!(parts >= 3, "a large pack travels in parts");

    bytes[10_000_000] ^= 1;
    std::fs::write(source.join("editor"), &bytes).unwrap();
    publish(&site).await.unwrap();
    let second = newest(&site).await.unwrap();
    assert_eq!(second.number.source_version, 2);
    assert!(second.new_bytes < 600_000, "{}", second.new_bytes);

    // From the packs in the bucket, and from the folder or those again.
    let editor = "editor".parse().unwrap();
    let prepared = package::updates(&site, &admin(), &editor).await.unwrap().updates;
    assert_eq!((prepared.len(), prepared[0].from_version), (1, Some(1)));
    assert!(prepared[0].fetch_bytes * 20 < prepared[0].without_bytes, "{prepared:?}");
    std::fs::remove_dir_all(&source).unwrap();
    package::improve(&site, &admin(), &editor).await.unwrap();
    content::Improve.run(&site, job::Nothing {}, &Progress::default()).await.unwrap();
    let improved = package::updates(&site, &admin(), &editor).await.unwrap().updates;
    assert!(improved[0].fetch_bytes <= prepared[0].fetch_bytes, "{improved:?}");

    for pack in packs(&server) {
        let whole = read(&site, &pack, None).await;
        assert_eq!(format!("packs/{}", blake3::hash(&whole).to_hex()), pack.to_string(), "the name is the digest");
        assert_eq!(read(&site, &pack, Some(RangeRequest::From { first: 100, last: Some(199) })).await, whole[100..200]);
        assert_eq!(read(&site, &pack, Some(RangeRequest::Last(10))).await, whole[whole.len() - 10..]);
        let beyond = Some(RangeRequest::From { first: 1 << 40, last: None });
        let after = content::open(&site, &Actor::Point("berlin".parse().unwrap()), &pack, beyond).await;
        assert!(matches!(after, Err(content::ContentError::OutOfRange { .. })));
    }
}

#[tokio::test]
async fn a_publication_that_loses_its_store_is_made_good_by_the_next_attempt() {
    let mut server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path(), &server.location("site")).await;
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    std::fs::write(source.join("editor"), noise(2, 20_000_000)).unwrap();
    create(&site, &source).await;
    // While a part is sent, and when all parts are and the object is to appear.
    for deadly in ["partNumber=2", "?uploadId="] {
        server.die_at(deadly);
        let (failed, ()) = tokio::join!(publish(&site), server.dead());
        assert!(matches!(failed, Err(JobFailure::Passing(_))), "it may work in a while");
        assert!(newest(&site).await.is_none());
        server.start_again().await;
    }
    publish(&site).await.unwrap();
    assert!(newest(&site).await.is_some());
}
