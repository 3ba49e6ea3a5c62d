//! Laws of publishing: what is stored again, and what a failure leaves behind.

use std::fs;

use dray_content::{Limits, ObjectName, pack};
use dray_model::api::job::JobState;
use dray_model::api::package::{ChangePackage, UpdatePackage};
use dray_model::api::page::PageRequest;
use dray_model::package::{Names, NotCarried, NotCarriedKind, OutsideLinks};
use dray_store::content as stored;
use object_store::ObjectStoreExt as _;

use super::*;
use crate::content::{Sweep, load, open};
use crate::job::{Nothing, Runner};
use crate::package::tests::{admin, command, name, noise, publish, published, source};
use crate::package::{change, create, delete, find, update};
use crate::testing;

/// The updates to the newest content.
async fn updates(site: &Site) -> Vec<stored::update::StoredUpdate> {
    let content = newest(site).await.content.unwrap().digest;
    stored::update::find_all(&mut site.db().read().await.unwrap(), &[content]).await.unwrap()
}

async fn newest(site: &Site) -> dray_model::api::package::ReleaseView {
    find(site, &admin(), &name("zip")).await.unwrap().release.unwrap()
}

#[tokio::test]
async fn every_object_of_a_release_is_in_the_store_and_whole() {
    let (test, _, package) = published().await;
    let release = package.release.unwrap();
    let manifest = load(&test.site, release.content.unwrap().digest, release.manifest.unwrap()).await.unwrap();
    assert!(!manifest.packs().is_empty());
    for info in manifest.packs() {
        let path = crate::content::location(&ObjectName::Pack(info.digest));
        let bytes = test.site.content().get(&path).await.unwrap().bytes().await.unwrap();
        pack::verify(std::io::Cursor::new(bytes), &info.digest, &Limits::default()).unwrap();
    }
}

#[tokio::test]
async fn a_small_change_stores_little() {
    let (test, folder, _) = published().await;
    let mut bytes = noise(1, 3_000_000);
    bytes[1_500_000] ^= 1;
    fs::write(folder.join("noise"), bytes).unwrap();
    publish(&test.site).await.unwrap();
    let second = newest(&test.site).await;
    assert_eq!(second.number.to_string(), "2.1");
    assert!(second.new_bytes < 600_000, "{}", second.new_bytes);
}

#[tokio::test]
async fn an_update_from_the_newest_version_is_there_with_the_release() {
    let (test, folder, first) = published().await;
    assert_eq!(updates(&test.site).await, []);
    let mut bytes = noise(1, 3_000_000);
    bytes[1_500_000] ^= 1;
    fs::write(folder.join("noise"), bytes).unwrap();
    publish(&test.site).await.unwrap();
    let updates = updates(&test.site).await;
    assert_eq!(updates.len(), 1);
    let (update, new_bytes) = (&updates[0], newest(&test.site).await.new_bytes);
    assert_eq!(update.from, first.release.unwrap().content.unwrap().digest);
    assert!(update.fetch_bytes * 10 < new_bytes, "{update:?}, {new_bytes} bytes of chunks");
    for kind in ["updates", "packs"] {
        assert!(fs::read_dir(test.site.dir().join("content").join(kind)).unwrap().count() > 0);
    }
    assert_eq!(fs::read_dir(test.site.dir().join("staging")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_release_goes_out_when_its_update_cannot_be_prepared() {
    let (test, folder, _) = published().await;
    let old = newest(&test.site).await.manifest.unwrap();
    fs::remove_file(test.site.dir().join("content").join("manifests").join(old.to_string())).unwrap();
    fs::write(folder.join("new"), noise(5, 100_000)).unwrap();
    publish(&test.site).await.unwrap();
    assert_eq!(newest(&test.site).await.number.source_version, 2);
    assert_eq!(updates(&test.site).await, []);
    let jobs = crate::job::list(&test.site, &admin(), None, &PageRequest::default()).await.unwrap();
    assert!(jobs.items.iter().any(|job| job.kind == crate::content::Improve::KIND), "the background tries again");
}

#[tokio::test]
async fn an_unchanged_source_is_no_new_version_and_the_job_says_so() {
    let (test, _, package) = published().await;
    let progress = Progress::default();
    Publish
        .run(&test.site, PublishPackage { package: name("zip"), checksum: false, times: false }, &progress)
        .await
        .unwrap();
    assert_eq!(newest(&test.site).await, package.release.unwrap());
    assert!(progress.latest().unwrap().step.starts_with("nothing to publish"));
}

/// The site by a clock for which everything that was written until now has long settled.
async fn an_hour_later(test: &testing::TestSite) -> Site {
    let later = test.site.now() + std::time::Duration::from_secs(3600);
    Site::open_with_clock(test.site.dir(), std::sync::Arc::new(move || later)).await.unwrap()
}

/// Reads the source and tells how many files were not read, of how many.
async fn unread(site: &Site, folder: &std::path::Path, checksum: bool) -> (u64, u64) {
    let package = find(site, &admin(), &name("zip")).await.unwrap();
    let files = read::read(site, &package, folder.to_owned(), checksum, &Progress::default()).await.unwrap();
    (files.ingested.totals.unread_files, files.ingested.totals.files)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn unchanged_files_are_read_only_when_a_checksum_is_asked_for() {
    let (test, folder, _) = published().await;
    let site = an_hour_later(&test).await;
    let (before, files) = unread(&site, &folder, false).await;
    assert_eq!(before, 0, "what was written just before the first reading isn't remembered");
    assert_eq!(unread(&site, &folder, false).await, (files, files));
    assert_eq!(unread(&site, &folder, true).await, (0, files));
    fs::write(folder.join("noise"), noise(2, 3_000_000)).unwrap();
    assert_eq!(unread(&site, &folder, false).await, (files - 1, files));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_damaged_source_index_costs_a_reading_and_is_replaced() {
    let (test, folder, _) = published().await;
    let site = an_hour_later(&test).await;
    let (_, files) = unread(&site, &folder, false).await;
    fs::write(site.dir().join("sources/zip"), "DRAYSIDX and nothing more").unwrap();
    assert_eq!(unread(&site, &folder, false).await, (0, files));
    assert_eq!(unread(&site, &folder, false).await, (files, files));
}

#[tokio::test]
async fn whoever_asks_for_a_checksum_gets_it_though_others_ask_without() {
    let (test, _, _) = published().await;
    for checksum in [true, false] {
        update(&test.site, &admin(), &name("zip"), UpdatePackage { checksum, times: false }).await.unwrap();
    }
    let mut snapshot = test.site.db().read().await.unwrap();
    let waiting = dray_store::job::waiting(&mut snapshot, Publish::KIND, "zip").await.unwrap().unwrap();
    let wanted = PublishPackage { package: name("zip"), checksum: true, times: false };
    assert_eq!(serde_json::from_str::<PublishPackage>(&waiting).unwrap(), wanted);
    let written_before = serde_json::from_str::<PublishPackage>(r#"{"package": "zip"}"#).unwrap();
    assert!(!written_before.checksum);
}

#[tokio::test]
async fn packs_take_their_place_in_a_folder_without_being_copied() {
    let (test, folder, _) = published().await;
    fs::write(folder.join("new"), noise(9, 100_000)).unwrap();
    let package = find(&test.site, &admin(), &name("zip")).await.unwrap();
    let files = read::read(&test.site, &package, folder, false, &Progress::default()).await.unwrap();
    let pack = files.ingested.packs[0].clone();
    assert!(pack.path.exists());
    store::store(&test.site, &files, &Progress::default()).await.unwrap();
    assert!(!pack.path.exists());
    let stored = test.site.dir().join("content/packs").join(pack.digest.to_string());
    assert_eq!(fs::metadata(stored).unwrap().len(), pack.size);
}

#[tokio::test]
async fn a_vanished_source_fails_for_good_and_leaves_nothing() {
    let (test, folder, package) = published().await;
    fs::remove_dir_all(folder).unwrap();
    let failed = publish(&test.site).await.unwrap_err();
    assert!(matches!(&failed, JobFailure::Final(text) if text.contains("source")), "{failed}");
    assert_eq!(newest(&test.site).await, package.release.unwrap());
    assert_eq!(fs::read_dir(test.site.dir().join("staging")).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_is_refused_with_the_option_that_keeps_it() {
    let (test, folder, _) = published().await;
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
    let refused = publish(&test.site).await.unwrap_err();
    let JobFailure::Final(text) = &refused else { panic!("{refused}") };
    assert!(["link (to /etc/passwd)", "--outside-links keep"].into_iter().all(|part| text.contains(part)), "{text}");
    let keep = ChangePackage { outside_links: Some(OutsideLinks::Keep), ..ChangePackage::default() };
    change(&test.site, &admin(), &name("zip"), None, keep).await.unwrap();
    publish(&test.site).await.unwrap();
    assert_eq!(newest(&test.site).await.number.to_string(), "2.1");
}

#[tokio::test]
async fn what_a_killed_attempt_left_is_removed_by_the_next() {
    let (test, folder, _) = published().await;
    let left = test.site.dir().join("staging").join("zip.0000000000000000");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("pack"), b"half").unwrap();
    fs::write(folder.join("new"), b"new").unwrap();
    publish(&test.site).await.unwrap();
    assert_eq!(fs::read_dir(test.site.dir().join("staging")).unwrap().count(), 0);
    assert_eq!(newest(&test.site).await.number.source_version, 2);
}

#[tokio::test]
async fn the_same_content_of_another_package_is_stored_once() {
    let (test, folder, package) = published().await;
    let copy = dray_model::api::package::CreatePackage { name: name("copy"), ..command(Some(&folder)) };
    create(&test.site, &admin(), copy).await.unwrap();
    Publish
        .run(&test.site, PublishPackage { package: name("copy"), checksum: false, times: false }, &Progress::default())
        .await
        .unwrap();
    let (first, second) = (package.release.unwrap(), find(&test.site, &admin(), &name("copy")).await.unwrap());
    let second = second.release.unwrap();
    assert_eq!((second.manifest, second.new_bytes), (first.manifest, 0));
    delete(&test.site, &admin(), &name("zip")).await.unwrap();
    Sweep.run(&test.site, Nothing {}, &Progress::default()).await.unwrap();
    let manifest = ObjectName::Manifest(second.manifest.unwrap());
    assert!(open(&test.site, &Actor::Point(name("berlin")), &manifest, None).await.is_ok());
}

#[tokio::test]
async fn the_objects_of_a_deleted_package_leave_the_store() {
    let (test, _, package) = published().await;
    let manifest = ObjectName::Manifest(package.release.unwrap().manifest.unwrap());
    delete(&test.site, &admin(), &name("zip")).await.unwrap();
    Sweep.run(&test.site, Nothing {}, &Progress::default()).await.unwrap();
    let gone = open(&test.site, &Actor::Point(name("berlin")), &manifest, None).await;
    assert!(matches!(gone, Err(crate::content::ContentError::NotFound(_))));
    for kind in ["content/packs", "content/manifests", "sources"] {
        assert_eq!(fs::read_dir(test.site.dir().join(kind)).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_sweep_takes_nothing_of_what_is_just_being_published() {
    let (test, folder, _) = published().await;
    let mut bytes = noise(1, 3_000_000);
    bytes[1_500_000] ^= 1;
    fs::write(folder.join("noise"), bytes).unwrap();
    let sweep = async || Sweep.run(&test.site, Nothing {}, &Progress::default()).await.unwrap();
    let package = find(&test.site, &admin(), &name("zip")).await.unwrap();
    let files = read::read(&test.site, &package, folder, false, &Progress::default()).await.unwrap();
    sweep().await;
    assert!(files.ingested.packs.iter().all(|pack| pack.path.exists()), "what is staged stays");
    let stored_now = store::store(&test.site, &files, &Progress::default()).await.unwrap();
    sweep().await;
    let updates = updates::prepare(&test.site, &package, &files, &Progress::default()).await;
    sweep().await;
    commit(&test.site, &name("zip"), &files, stored_now, updates).await.unwrap();
    sweep().await;
    let stored_objects = crate::content::stats(&test.site, &admin()).await.unwrap();
    assert_eq!((stored_objects.contents.count, stored_objects.updates.count), (2, 1));
    crate::content::verify(&test.site, &admin()).await.unwrap();
    crate::content::Verify.run(&test.site, Nothing {}, &Progress::default()).await.unwrap();
    assert_eq!(crate::content::damage(&test.site, &admin()).await.unwrap().objects, []);
}

#[tokio::test]
async fn a_download_under_way_ends_well_when_its_object_is_swept() {
    let (test, _, package) = published().await;
    let release = package.release.unwrap();
    let manifest = load(&test.site, release.content.unwrap().digest, release.manifest.unwrap()).await.unwrap();
    let pack = ObjectName::Pack(manifest.packs()[0].digest);
    let mut opened = open(&test.site, &Actor::Point(name("berlin")), &pack, None).await.unwrap();
    let first = futures_util::TryStreamExt::try_next(&mut opened.body).await.unwrap().unwrap();
    delete(&test.site, &admin(), &name("zip")).await.unwrap();
    Sweep.run(&test.site, Nothing {}, &Progress::default()).await.unwrap();
    assert_eq!(fs::read_dir(test.site.dir().join("content/packs")).unwrap().count(), 0);
    let rest: Vec<bytes::Bytes> = futures_util::TryStreamExt::try_collect(opened.body).await.unwrap();
    let bytes = [first.to_vec(), rest.concat()].concat();
    assert_eq!(pack.check(&mut bytes.as_slice()).unwrap(), Some(opened.size_bytes));
}

#[tokio::test]
async fn a_package_deleted_while_its_source_is_read_is_not_published() {
    let (test, folder, _) = published().await;
    fs::write(folder.join("new"), b"new").unwrap();
    let package = find(&test.site, &admin(), &name("zip")).await.unwrap();
    let files = read::read(&test.site, &package, folder, false, &Progress::default()).await.unwrap();
    let stored_now = store::store(&test.site, &files, &Progress::default()).await.unwrap();
    delete(&test.site, &admin(), &name("zip")).await.unwrap();
    commit(&test.site, &name("zip"), &files, stored_now, Updates::default()).await.unwrap();
    let mut snapshot = test.site.db().read().await.unwrap();
    assert_eq!(stored::find(&mut snapshot, &files.ingested.content).await.unwrap(), None);
}

#[tokio::test]
async fn content_that_was_known_and_is_deleted_meanwhile_is_read_and_stored_again() {
    let (test, folder, _) = published().await;
    let copy = dray_model::api::package::CreatePackage { name: name("copy"), ..command(Some(&folder)) };
    let copy = create(&test.site, &admin(), copy).await.unwrap();
    let files = read::read(&test.site, &copy, folder, false, &Progress::default()).await.unwrap();
    let known = store::store(&test.site, &files, &Progress::default()).await.unwrap();
    assert_eq!(known, Stored::Known);
    delete(&test.site, &admin(), &name("zip")).await.unwrap();
    let refused = commit(&test.site, &copy.name, &files, known, Updates::default()).await.unwrap_err();
    assert!(matches!(refused, JobFailure::Passing(_)));
    drop(files);
    Publish
        .run(&test.site, PublishPackage { package: copy.name, checksum: false, times: false }, &Progress::default())
        .await
        .unwrap();
    let copy = find(&test.site, &admin(), &name("copy")).await.unwrap().release.unwrap();
    assert!(copy.new_bytes > 2_900_000);
}

#[tokio::test]
async fn workers_publish_and_the_package_is_no_longer_publishing() {
    let test = testing::site().await;
    let folder = source(test.site.dir());
    let made = create(&test.site, &admin(), command(Some(&folder))).await.unwrap();
    let runner = Runner::start(test.site.clone(), crate::job::registry());
    let job = loop {
        let job = crate::job::find(&test.site, &admin(), made.publishing.unwrap()).await.unwrap();
        if job.state.is_final() {
            break job;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((job.state, job.key.as_deref()), (JobState::Done, Some("zip")));
    assert_eq!(job.progress.unwrap().step, "published");
    let package = find(&test.site, &admin(), &name("zip")).await.unwrap();
    assert!(package.publishing.is_none() && package.release.is_some());
    let update = update(&test.site, &admin(), &name("zip"), UpdatePackage::default()).await.unwrap();
    assert_ne!(update.job, job.id);
    runner.stop().await;
    let jobs = crate::job::list(&test.site, &admin(), None, &PageRequest::default()).await.unwrap();
    assert!(jobs.items.iter().any(|job| job.id == update.job));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_that_not_every_system_holds_are_refused_together_until_the_package_allows_them() {
    let (test, folder, package) = published().await;
    assert!(package.release.unwrap().content.unwrap().requires.is_empty());
    for name in ["xt_DSCP.ko", "xt_dscp.ko", "a:b"] {
        fs::write(folder.join(name), name).unwrap();
    }
    let JobFailure::Final(text) = publish(&test.site).await.unwrap_err() else { panic!("it is for good") };
    let parts = ["a:b", "xt_DSCP.ko and xt_dscp.ko", "dray package change PACKAGE --names unix"];
    assert!(parts.into_iter().all(|part| text.contains(part)), "{text}");
    let any = ChangePackage { names: Some(Names::Unix), ..ChangePackage::default() };
    assert_eq!(change(&test.site, &admin(), &name("zip"), None, any).await.unwrap().names, Names::Unix);
    publish(&test.site).await.unwrap();
    assert_eq!(newest(&test.site).await.content.unwrap().requires, ["unix_names"]);
}

#[tokio::test]
async fn new_times_alone_are_no_new_version_unless_they_are_asked_for() {
    let (test, folder, package) = published().await;
    let file = fs::OpenOptions::new().append(true).open(folder.join("noise")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000)).unwrap();
    let progress = Progress::default();
    let payload = |times| PublishPackage { package: name("zip"), checksum: false, times };
    Publish.run(&test.site, payload(false), &progress).await.unwrap();
    assert_eq!(newest(&test.site).await, package.release.unwrap());
    assert!(progress.latest().unwrap().step.contains("--times"));
    Publish.run(&test.site, payload(true), &progress).await.unwrap();
    let second = newest(&test.site).await;
    assert_eq!((second.number.to_string().as_str(), second.new_bytes), ("2.1", 0));
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_package_does_not_carry_is_told_at_publish_and_kept() {
    use std::os::unix::fs::PermissionsExt;
    let (test, folder, package) = published().await;
    assert_eq!(package.release.unwrap().not_carried, []);
    fs::write(folder.join("su"), "x").unwrap();
    fs::set_permissions(folder.join("su"), fs::Permissions::from_mode(0o4755)).unwrap();
    let progress = Progress::default();
    let payload = PublishPackage { package: name("zip"), checksum: false, times: false };
    Publish.run(&test.site, payload, &progress).await.unwrap();
    let step = progress.latest().unwrap().step;
    assert_eq!(step, "published; not preserved: the setuid or setgid bit of su");
    let found = newest(&test.site).await.not_carried;
    assert_eq!(found, [NotCarried { kind: NotCarriedKind::Setuid, count: 1, example: "su".into() }]);
}
