//! Laws of packages: what may be made, changed and deleted.

use std::fs;
use std::path::{Path, PathBuf};

use dray_model::access::PredefinedRole;
use dray_model::api::package::{ChangePackage, CreatePackage, PackageView, UpdatePackage};
use dray_model::api::page::PageRequest;
use dray_model::package::{OutsideLinks, Release};
use dray_model::program::Program;
use dray_model::{Digest, Name};
use dray_trust::{Role as DocumentRole, open_document};

use super::*;
use crate::actor::Actor;
use crate::job::{JobFailure, JobKind as _, Progress};
use crate::site::Site;
use crate::testing::{self, TestSite};
use crate::{Class, audit, document};

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn command(source: Option<&Path>) -> CreatePackage {
    CreatePackage {
        name: name("zip"),
        properties: serde_json::from_str(r#"{"title": "An archiver"}"#).unwrap(),
        source: source.map(|path| path.to_str().unwrap().to_owned()),
        outside_links: OutsideLinks::Refuse,
        names: Default::default(),
        programs: programs("./install"),
    }
}

fn programs(command: &str) -> Vec<Program> {
    vec![Program {
        name: name("install"),
        requirement: serde_json::from_str(r#"{"text": "platform == \"linux\""}"#).unwrap(),
        ..serde_json::from_value(serde_json::json!({ "name": "install", "command": command })).unwrap()
    }]
}

/// A copy of this crate's own sources, with a file of noise.
pub(crate) fn source(root: &Path) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let to = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    let folder = root.join("source");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &folder);
    fs::write(folder.join("noise"), noise(1, 3_000_000)).unwrap();
    folder
}

pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Does the work of the publishing job.
pub(crate) async fn publish(site: &Site) -> Result<(), JobFailure> {
    Publish
        .run(site, PublishPackage { package: name("zip"), checksum: false, times: false }, &Progress::default())
        .await
}

/// A site with the package `zip`, made from a source folder and published.
pub(crate) async fn published() -> (TestSite, PathBuf, PackageView) {
    let test = testing::site().await;
    let folder = source(test.site.dir());
    create(&test.site, &admin(), command(Some(&folder))).await.unwrap();
    publish(&test.site).await.unwrap();
    let package = find(&test.site, &admin(), &name("zip")).await.unwrap();
    (test, folder, package)
}

pub(crate) fn admin() -> Actor {
    testing::actor(PredefinedRole::Administrator)
}

async fn opened(site: &Site, digest: Digest) -> Release {
    let device = Actor::Device(dray_model::DeviceId::from_random(1));
    let bytes = document::find(site, &device, &digest).await.unwrap();
    open_document(&bytes, Some(digest), &site.keys().trusted(), DocumentRole::Release).unwrap()
}

#[tokio::test]
async fn a_package_without_source_is_released_at_once() {
    let test = testing::site().await;
    let made = create(&test.site, &admin(), command(None)).await.unwrap();
    assert_eq!(find(&test.site, &admin(), &made.name).await.unwrap(), made);
    let release = opened(&test.site, made.release.unwrap().digest).await;
    assert_eq!((release.number.to_string().as_str(), release.content), ("1.1", None));
    let query: dray_query::Query =
        serde_json::from_value(release.programs[0].requirement.clone().unwrap().compiled).unwrap();
    assert_eq!(query.text(), r#"platform == "linux""#);
}

#[tokio::test]
async fn a_package_with_source_gets_its_job_and_then_its_release() {
    let test = testing::site().await;
    let folder = source(test.site.dir());
    let made = create(&test.site, &admin(), command(Some(&folder))).await.unwrap();
    assert!(made.publishing.is_some() && made.release.is_none());
    publish(&test.site).await.unwrap();
    let view = find(&test.site, &admin(), &made.name).await.unwrap().release.unwrap();
    let release = opened(&test.site, view.digest).await;
    assert_eq!((release.number, &release.content), (view.number, &view.content));
    assert!(release.content.unwrap().size_bytes > 3_000_000 && view.new_bytes > 2_900_000);
    let log = audit::list(&test.site, &admin(), &PageRequest::default()).await.unwrap();
    assert_eq!((log.items[0].action.as_str(), log.items[0].actor.as_str()), ("package.publish", "system"));
    let staged = fs::read_dir(test.site.dir().join("staging")).unwrap();
    assert_eq!(staged.count(), 0);
}

#[tokio::test]
async fn a_taken_name_a_bad_source_and_a_missing_right_are_refused() {
    let test = testing::site().await;
    let refused = async |command| create(&test.site, &admin(), command).await.unwrap_err();
    assert!(matches!(refused(command(Some(Path::new("relative")))).await, PackageError::SourceRelative(_)));
    let missing = test.site.dir().join("missing");
    assert!(matches!(refused(command(Some(&missing))).await, PackageError::SourceUnusable { .. }));
    let file = test.site.dir().join("site.toml");
    assert!(matches!(refused(command(Some(&file))).await, PackageError::SourceUnusable { .. }));
    create(&test.site, &admin(), command(None)).await.unwrap();
    assert!(matches!(refused(command(None)).await, PackageError::Object(ObjectError::NameTaken(_))));
    let operator = testing::actor(PredefinedRole::Operator);
    let denied = create(&test.site, &operator, command(None)).await.unwrap_err();
    assert_eq!(denied.class(), Class::Denied);
}

#[tokio::test]
async fn changed_programs_are_the_next_release_of_the_same_content() {
    let (test, _, former) = published().await;
    let change_to = async |revision, text| {
        let command = ChangePackage { programs: Some(programs(text)), ..ChangePackage::default() };
        change(&test.site, &admin(), &name("zip"), revision, command).await
    };
    let same = change_to(Some(1), "./install").await.unwrap();
    assert_eq!(same, former, "the same facts are not a change");
    let new = change_to(Some(1), "./install --quiet").await.unwrap();
    assert_eq!(new.revision, 2);
    let release = new.release.unwrap();
    assert_eq!(release.number.to_string(), "1.2");
    assert_eq!(release.content, former.release.unwrap().content);
    let document = opened(&test.site, release.digest).await;
    assert_eq!(document.programs[0].command.as_str(), "./install --quiet");
    let stale = change_to(Some(1), "./other").await.unwrap_err();
    assert!(matches!(stale, PackageError::Object(ObjectError::Stale { expected: 1, found: 2, .. })), "{stale}");
    let all = releases(&test.site, &admin(), &name("zip"), &PageRequest::default()).await.unwrap();
    assert_eq!(all.items.iter().map(|r| r.number.to_string()).collect::<Vec<_>>(), ["1.2", "1.1"]);
}

#[tokio::test]
async fn another_source_folder_waits_for_an_update() {
    let (test, _, former) = published().await;
    let other = test.site.dir().join("other");
    fs::create_dir(&other).unwrap();
    let command = ChangePackage { source: Some(other.to_str().unwrap().to_owned()), ..ChangePackage::default() };
    let new = change(&test.site, &admin(), &name("zip"), None, command).await.unwrap();
    assert_eq!((new.revision, new.release), (2, former.release));
    update(&test.site, &admin(), &name("zip"), UpdatePackage::default()).await.unwrap();
    publish(&test.site).await.unwrap();
    let release = find(&test.site, &admin(), &name("zip")).await.unwrap().release.unwrap();
    assert_eq!((release.number.to_string().as_str(), release.content.unwrap().files), ("2.1", 0));
}

#[tokio::test]
async fn an_update_needs_a_source_that_is_there() {
    let (test, folder, _) = published().await;
    fs::remove_dir_all(folder).unwrap();
    let refused = update(&test.site, &admin(), &name("zip"), UpdatePackage::default()).await.unwrap_err();
    assert!(matches!(refused, PackageError::SourceUnusable { .. }), "{refused}");
    let unknown = update(&test.site, &admin(), &name("unknown"), UpdatePackage::default()).await.unwrap_err();
    assert!(matches!(unknown, PackageError::Object(ObjectError::NotFound(_))));
    create(&test.site, &admin(), CreatePackage { name: name("bare"), ..command(None) }).await.unwrap();
    let bare = update(&test.site, &admin(), &name("bare"), UpdatePackage::default()).await.unwrap_err();
    assert!(matches!(bare, PackageError::NoSource(_)));
}

/// A point that is to hold the package.
pub(crate) async fn put_on_a_point(site: &Site) {
    let url = "https://oslo.example:8443".to_owned();
    let command = dray_model::api::point::CreatePoint { name: name("oslo"), title: dray_model::Text::default(), url };
    crate::point::create(site, &admin(), command).await.unwrap();
    crate::point::assign(site, &admin(), &name("oslo"), &name("zip")).await.unwrap();
}
