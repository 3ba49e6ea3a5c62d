//! Content without a site: what an update costs is told, and carried out from a store in a folder.

use std::fs;
use std::path::Path;
use std::process::Output;

use dray_content::Limits;
use dray_content::ingest::{KnownChunks, Options, SourceIndex, ingest};
use dray_model::Timestamp;
use serde_json::Value;

use crate::fleet::dray;

/// Bytes that no compression makes shorter, the same for the same seed.
pub(crate) fn noise(mut seed: u64, length: usize) -> Vec<u8> {
    let next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Folders `old` and `new` that share one file and most of another.
pub(crate) fn two_versions(root: &Path) {
    let mut big = noise(1, 2_000_000);
    for folder in ["old", "new"] {
        fs::create_dir_all(root.join(folder).join("lib")).unwrap();
        fs::write(root.join(folder).join("lib/same"), noise(2, 500_000)).unwrap();
        fs::write(root.join(folder).join("lib/big"), &big).unwrap();
        big.splice(1_000_000..1_000_100, noise(3, 5000));
    }
    fs::write(root.join("new/added"), noise(4, 20_000)).unwrap();
}

pub(crate) fn run(root: &Path, line: &str) -> Output {
    dray().args(["--output", "json", "content"]).args(line.split(' ')).current_dir(root).output().unwrap()
}

pub(crate) fn value(root: &Path, line: &str) -> Value {
    let output = run(root, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_plan_tells_what_an_update_would_cost_and_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let plan = value(root.path(), "plan old new --verbose");
    let number = |pointer: &str| plan.pointer(pointer).and_then(Value::as_u64).unwrap();
    assert!(number("/whole/bytes") > 2_500_000 && number("/chunks/bytes") < 700_000, "{plan}");
    assert_eq!(number("/changed_bytes"), 2_024_900);
    let paths: Vec<_> = plan["changes"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["added", "lib/big"]);
    let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn an_update_is_made_once_and_taken_by_whoever_holds_the_old() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    value(root.path(), "ingest old --store store");
    let content = value(root.path(), "ingest new --store store")["content"].as_str().unwrap().to_owned();
    let prepared = value(root.path(), "prepare old new --store store");
    assert_eq!(prepared["best"], "update");
    let applied = value(root.path(), &format!("apply {content} made --store store --have old"));
    assert_eq!((&applied["way"], &applied["fetched"]["bytes"]), (&"update".into(), &prepared["update"]["bytes"]));
    assert!(applied["fetched"]["bytes"].as_u64().unwrap() < 30_000, "{applied}");
    assert_eq!(value(root.path(), "ingest made --store store")["content"], content.as_str());

    let from_nothing = value(root.path(), &format!("apply {content} other --store store"));
    assert_eq!(from_nothing["way"], "whole");
}

#[cfg(target_os = "linux")]
#[test]
fn unchanged_files_are_ingested_without_being_read_unless_a_checksum_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let first = value(root.path(), "ingest new --store store");
    assert_eq!(first["unread_files"], 0);

    // What was written just now isn't remembered; the index of an ingest that begins later is put in the place of the one kept.
    let (source, staging) = (root.path().join("new"), root.path().join("staging"));
    let taken = ingest(&source, &staging, &KnownChunks::default(), &Options::default(), &()).unwrap();
    let sources: Vec<_> = fs::read_dir(root.path().join("store/sources")).unwrap().collect();
    let kept = sources[0].as_ref().unwrap().path();
    taken.index(Timestamp::from_secs(1 << 33)).save(&kept, &root.path().join("unfinished")).unwrap();
    assert_eq!(sources.len(), 1);

    let again = value(root.path(), "ingest new --store store");
    assert_eq!((&again["unread_files"], &again["unread_bytes"]), (&first["files"], &first["size_bytes"]));
    assert_eq!((&again["content"], &again["new_pack_bytes"]), (&first["content"], &0.into()));
    assert_eq!(value(root.path(), "ingest new --store store --checksum")["unread_files"], 0);

    fs::write(&kept, "no index").unwrap();
    assert_eq!(value(root.path(), "ingest new --store store")["unread_files"], 0);
    SourceIndex::load(&kept, &Limits::default()).unwrap().unwrap();
}

#[test]
fn what_a_store_has_lost_is_read_and_stored_again() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let first = value(root.path(), "ingest new --store store");
    for pack in fs::read_dir(root.path().join("store/packs")).unwrap() {
        fs::remove_file(pack.unwrap().path()).unwrap();
    }
    let again = value(root.path(), "ingest new --store store");
    assert_eq!((&again["unread_files"], &again["new_pack_bytes"]), (&0.into(), &first["new_pack_bytes"]));
}

#[test]
fn two_files_are_two_versions_of_one_whatever_they_are_called() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("tool-1.bin"), noise(1, 300_000)).unwrap();
    fs::write(root.path().join("tool-2.bin"), noise(1, 300_000)).unwrap();
    let plan = value(root.path(), "plan tool-1.bin tool-2.bin");
    assert_eq!((&plan["changed_bytes"], &plan["from"]), (&0.into(), &plan["to"]));
}

#[test]
fn a_store_and_an_old_folder_make_the_new_one() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    value(root.path(), "ingest old --store store");
    let new = value(root.path(), "ingest new --store store");
    let content = new["content"].as_str().unwrap();
    let applied = value(root.path(), &format!("apply {content} made --store store --have old"));
    let fetched = applied["fetched"]["bytes"].as_u64().unwrap();
    assert_eq!(applied["way"], "chunks");
    let planned = value(root.path(), "plan old new");
    assert_eq!(planned["chunks"]["bytes"], fetched);
    assert!(planned["update"]["bytes"].as_u64() < Some(fetched), "{planned}");
    for file in ["lib/same", "lib/big", "added"] {
        assert_eq!(
            fs::read(root.path().join("made").join(file)).unwrap(),
            fs::read(root.path().join("new").join(file)).unwrap()
        );
    }
    assert!(!root.path().join(".made.partial").exists());

    let again = run(root.path(), &format!("apply {content} made --store store"));
    assert_eq!(again.status.code(), Some(4), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn from_nothing_a_store_is_enough_and_what_is_known_is_stored_once() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let first = value(root.path(), "ingest new --store store");
    let second = value(root.path(), "ingest new --store store");
    assert_eq!(second["new_chunk_bytes"], 0);
    let content = first["content"].as_str().unwrap();
    let applied = value(root.path(), &format!("apply {content} made --store store"));
    assert_eq!(applied["way"], "whole");
    assert_eq!(value(root.path(), "ingest made --store store")["content"], first["content"]);
}

#[test]
fn a_damaged_store_makes_no_folder() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let content = value(root.path(), "ingest new --store store")["content"].as_str().unwrap().to_owned();
    let pack = fs::read_dir(root.path().join("store/packs")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&pack).unwrap();
    bytes[1_000_000] ^= 1;
    fs::write(&pack, bytes).unwrap();
    let output = run(root.path(), &format!("apply {content} made --store store"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && text.contains("are damaged"), "{text}");
    assert!(!root.path().join("made").exists());
}

#[test]
fn what_is_not_there_is_named() {
    let root = tempfile::tempdir().unwrap();
    for (line, named) in [("plan old new", "old"), ("apply {} made --store nowhere", "nowhere")] {
        let output = run(root.path(), &line.replace("{}", &"0".repeat(64)));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(3) && text.contains(named), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_outside_are_refused_unless_they_are_to_be_kept() {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    std::os::unix::fs::symlink("/etc/hosts", root.path().join("new/link")).unwrap();
    let refused = run(root.path(), "ingest new --store store");
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && text.contains("--outside-links keep"), "{text}");
    let kept = value(root.path(), "ingest new --store store --outside-links keep");
    value(root.path(), &format!("apply {} made --store store --have old", kept["content"].as_str().unwrap()));
    assert_eq!(fs::read_link(root.path().join("made/link")).unwrap(), Path::new("/etc/hosts"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_only_linux_holds_are_refused_together_and_travel_when_they_may() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    for folder in ["old", "new"] {
        for name in [&b"xt_DSCP.ko"[..], b"xt_dscp.ko", b"aux.c", b"a:b", b"caf\xe9"] {
            fs::write(root.path().join(folder).join(OsStr::from_bytes(name)), [name, folder.as_bytes()].concat())
                .unwrap();
        }
    }
    let refused = run(root.path(), "ingest old --store store");
    let text = String::from_utf8(refused.stderr).unwrap();
    let named = ["4 names", "a:b", "aux.c", r"caf\\xe9", "xt_DSCP.ko and xt_dscp.ko", "--names unix"];
    assert!(refused.status.code() == Some(1) && named.iter().all(|part| text.contains(part)), "{text}");
    let old = value(root.path(), "ingest old --store store --names unix");
    let new = value(root.path(), "ingest new --store store --names unix");
    assert_eq!(old["requires"], serde_json::json!(["unix_names"]));
    let plan = value(root.path(), "plan old new --names unix --verbose");
    assert_eq!((&plan["changes"][0]["path"], &plan["changes"][0]["files"]), (&"a:b".into(), &6.into()), "{plan}");
    value(root.path(), "prepare old new --store store");
    let line = format!("apply {} made --store store --have old", new["content"].as_str().unwrap());
    let applied = value(root.path(), &line);
    assert_eq!(applied["way"], "update");
    for name in [&b"xt_DSCP.ko"[..], b"xt_dscp.ko", b"caf\xe9"] {
        let made = fs::read(root.path().join("made").join(OsStr::from_bytes(name))).unwrap();
        assert_eq!(made, [name, b"new"].concat());
    }
}

#[cfg(unix)]
#[test]
fn rights_and_times_arrive_and_a_copy_with_other_times_serves_as_a_base() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let secret = root.path().join("new/secret");
    fs::write(&secret, "a key").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_400_000_000);
    fs::File::open(&secret).unwrap().set_modified(time).unwrap();
    value(root.path(), "ingest old --store store");
    let new = value(root.path(), "ingest new --store store");
    value(root.path(), "prepare old new --store store");
    fs::File::open(root.path().join("old/lib/same")).unwrap().set_modified(time).unwrap();
    let line = format!("apply {} made --store store --have old", new["content"].as_str().unwrap());
    assert_eq!(value(root.path(), &line)["way"], "update");
    let made = fs::metadata(root.path().join("made/secret")).unwrap();
    assert_eq!((made.mode() & 0o7777, made.mtime()), (0o600, 1_400_000_000));
}
