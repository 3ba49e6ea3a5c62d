//! Laws of backups.

use std::fs;
use std::path::Path;

use dray_model::api::page::PageRequest;

use super::*;
use crate::history::tests::enrol;
use crate::package::tests::admin;
use crate::site::Site;
use crate::testing::{self, TestSite};
use crate::{clock, device, history};

async fn backed_up(with_content: bool) -> (TestSite, tempfile::TempDir, Made) {
    let test = testing::site_in_a_folder().await;
    enrol(&test.site, "pc").await;
    let folder = tempfile::tempdir().unwrap();
    let made = backup(&test.site, &folder.path().join("backup"), with_content).await.unwrap();
    (test, folder, made)
}

async fn names(site: &Site) -> Vec<String> {
    let page = device::list(site, &admin(), &Default::default(), &PageRequest::default()).await.unwrap();
    page.items.iter().map(|view| view.name.to_string()).collect()
}

fn modes(folder: &Path) -> Vec<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut modes = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        modes.push(entry.metadata().unwrap().permissions().mode() & 0o077);
        if entry.file_type().unwrap().is_dir() {
            modes.extend(self::modes(&entry.path()));
        }
    }
    modes
}

#[tokio::test]
async fn a_backup_restores_to_each_kind_of_database_and_the_site_knows_that_it_returned() {
    let (test, folder, made) = backed_up(true).await;
    assert!(modes(folder.path()).iter().all(|others| *others == 0), "others may read it");
    for database in [None, Some(dray_store::testing::postgres_address())] {
        let dir = folder.path().join(if database.is_some() { "postgres" } else { "sqlite" });
        let options = RestoreOptions { database: database.clone(), content: None };
        restore(&made.path, &dir, &options, &clock::system()).await.unwrap();
        let site = Site::open(&dir).await.unwrap();
        assert_eq!(names(&site).await, ["pc"]);
        let status = history::status(&site, &admin()).await.unwrap();
        assert!(status.number > made.manifest.number.cast_unsigned() + history::GAP.cast_unsigned());
        assert!(status.returned.unwrap().cause.contains("restored"));
        assert_eq!(site.keys().authority().fingerprint(), test.site.keys().authority().fingerprint());
        let mut snapshot = site.db().read().await.unwrap();
        assert_eq!(dray_store::audit::verify(&mut snapshot).await.unwrap(), None, "the audit log holds together");
        drop(snapshot);
        site.close().await;
        let again = restore(&made.path, &dir.with_extension("again"), &options, &clock::system()).await;
        match database {
            Some(_) => assert!(matches!(again, Err(BackupError::DatabaseInUse(_))), "{again:?}"),
            None => assert!(again.is_ok(), "a folder has a database of its own"),
        }
        // From either it goes back to a file.
        let site = Site::open(&dir).await.unwrap();
        let second = backup(&site, &dir.with_extension("backup"), false).await.unwrap();
        site.close().await;
        let options = RestoreOptions { database: Some("sqlite:other.db".to_owned()), content: None };
        let back = dir.with_extension("back");
        restore(&second.path, &back, &options, &clock::system()).await.unwrap();
        assert_eq!(names(&Site::open(&back).await.unwrap()).await, ["pc"]);
    }
}

#[tokio::test]
async fn nothing_is_written_over_and_nothing_is_left_of_what_failed() {
    let (test, folder, made) = backed_up(false).await;
    assert!(matches!(backup(&test.site, &made.path, false).await, Err(BackupError::Exists(_))));
    let options = RestoreOptions::default();
    let into_itself = restore(&made.path, &made.path, &options, &clock::system()).await;
    assert!(matches!(into_itself, Err(BackupError::NotEmpty(_))));
    let nowhere = RestoreOptions { database: Some("sqlite:nowhere/dray.db".to_owned()), content: None };
    assert!(restore(&made.path, &folder.path().join("site"), &nowhere, &clock::system()).await.is_err());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["backup"]);
}

#[tokio::test]
async fn a_damaged_backup_is_refused_before_anything_is_made() {
    let (_test, folder, made) = backed_up(false).await;
    let dir = folder.path().join("site");
    let files = ["keys/policy.key", "database/device.jsonl.zst", "site.toml"];
    for file in files {
        let path = made.path.join(file);
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        fs::write(&path, bad).unwrap();
        let refused = restore(&made.path, &dir, &RestoreOptions::default(), &clock::system()).await;
        assert!(matches!(&refused, Err(BackupError::Damaged { path: found, .. }) if *found == path), "{refused:?}");
        assert!(!dir.exists());
        fs::write(&path, good).unwrap();
    }
    let manifest = made.path.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for (from, to) in
        [("\"format\": 1", "\"format\": 2"), ("keys/policy.key", "../policy.key"), ("\"device\"", "\"x\"")]
    {
        fs::write(&manifest, text.replace(from, to)).unwrap();
        assert!(restore(&made.path, &dir, &RestoreOptions::default(), &clock::system()).await.is_err(), "{to}");
        assert!(!dir.exists());
    }
    fs::write(&manifest, text).unwrap();
    restore(&made.path, &dir, &RestoreOptions::default(), &clock::system()).await.unwrap();
}

#[tokio::test]
async fn content_is_included_when_it_is_in_a_folder_and_what_is_missing_is_named() {
    let test = testing::site_in_a_folder().await;
    let mut tx = test.site.db().write().await.unwrap();
    let bytes = b"a pack";
    let [there, gone] = [bytes.as_slice(), b"another"].map(|bytes| format!("packs/{}", dray_model::Digest::of(bytes)));
    for name in [&there, &gone] {
        let object = dray_store::content::StoredObject { name: name.clone(), size_bytes: 6 };
        dray_store::content::begin_upload(&mut tx, &[object], test.site.now()).await.unwrap();
    }
    dray_store::testing::execute(&mut tx, "UPDATE content_object SET uploading_since = NULL").await;
    tx.commit().await.unwrap();
    let store = test.made.dir.join("content");
    fs::create_dir_all(store.join("packs")).unwrap();
    fs::write(store.join(&there), bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = backup(&test.site, &folder.path().join("backup"), true).await.unwrap();
    assert_eq!(made.manifest.content, ContentPart::Included { objects: 1, bytes: 6, missing: vec![gone] });
    let dir = folder.path().join("site");
    restore(&made.path, &dir, &RestoreOptions::default(), &clock::system()).await.unwrap();
    assert_eq!(fs::read(dir.join("content").join(&there)).unwrap(), bytes);
}
