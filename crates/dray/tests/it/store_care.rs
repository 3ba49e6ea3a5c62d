//! A content store in a folder is looked after: what is damaged is named and mended, what nothing needs goes, the rest is carried.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::content::{run, two_versions, value};
use crate::fleet::Fleet;

/// Folders `old` and `new`, both in `store`, with the update from one to the other.
fn store() -> (TempDir, String, String) {
    let root = tempfile::tempdir().unwrap();
    two_versions(root.path());
    let content = |line: &str| value(root.path(), line)["content"].as_str().unwrap().to_owned();
    let (old, new) = (content("ingest old --store store"), content("ingest new --store store"));
    value(root.path(), "prepare old new --store store");
    (root, old, new)
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn objects(root: &Path) -> Vec<PathBuf> {
    ["manifests", "packs", "updates"].iter().flat_map(|kind| files(&root.join("store").join(kind))).collect()
}

fn name(object: &Path) -> String {
    let mut parts = object.iter().rev().map(|part| part.to_str().unwrap());
    let digest = parts.next().unwrap();
    format!("{}/{digest}", parts.next().unwrap())
}

/// Runs a command that fails, and gives what it printed, in words too.
fn refused(root: &Path, line: &str) -> (Value, String) {
    let output = run(root, line);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}: {text}");
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), text)
}

type Harm = fn(&Path, &[u8]);

const HARMS: [Harm; 3] = [
    |path, bytes| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    },
    |path, bytes| fs::write(path, &bytes[..bytes.len() - 1]).unwrap(),
    |path, _| fs::remove_file(path).unwrap(),
];

#[test]
fn a_whole_store_is_said_to_be_whole_and_counted() {
    let (root, ..) = store();
    let verified = value(root.path(), "verify --store store");
    assert_eq!(verified["objects"], objects(root.path()).len());
    assert_eq!(verified["problems"], Value::Array(vec![]));
    let stats = value(root.path(), "stats --store store");
    for (kind, count) in
        [("contents", 2), ("manifests", 2), ("packs", 2), ("updates", 1), ("segments", 1), ("unneeded", 0)]
    {
        assert_eq!(stats[kind]["count"], count, "{kind} in {stats}");
    }
}

#[test]
fn each_damaged_object_is_named_and_what_the_sources_prove_is_mended() {
    let (root, ..) = store();
    let before: Vec<_> = objects(root.path()).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    for (bytes, path) in &before {
        for (number, harm) in HARMS.iter().enumerate() {
            harm(path, bytes);
            let is_list = !name(path).starts_with("packs/");
            if is_list && number == 2 {
                // There is no index: what no manifest and no update tells of is not missed.
                fs::write(path, bytes).unwrap();
                continue;
            }
            let (found, text) = refused(root.path(), "verify --store store");
            let named: Vec<_> =
                found["problems"].as_array().unwrap().iter().map(|problem| &problem["object"]).collect();
            assert_eq!(named, [&Value::from(name(path))], "{found}");
            assert!(text.contains("1 object in the store store"), "{text}");
            let mending = run(root.path(), "verify --store store --source old --source new");
            let mended = fs::read(path).is_ok_and(|found| found == *bytes);
            assert_eq!(mending.status.success(), mended, "{}", String::from_utf8_lossy(&mending.stdout));
            let of_update = found["problems"][0]["needed_by"].as_array().unwrap().is_empty();
            assert_eq!(mended, !of_update, "harm {number} of {}: {found}", name(path));
            value(root.path(), "prepare old new --store store");
            assert_eq!(&fs::read(path).unwrap(), bytes);
        }
    }
    value(root.path(), "verify --store store");
}

#[test]
fn a_source_that_changed_mends_nothing_and_replaces_nothing() {
    let (root, ..) = store();
    let pack = objects(root.path())
        .into_iter()
        .filter(|path| name(path).starts_with("packs/"))
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap();
    let good = fs::read(&pack).unwrap();
    HARMS[0](&pack, &good);
    let bad = fs::read(&pack).unwrap();
    for file in ["old/lib/big", "new/lib/big", "old/lib/same", "new/lib/same"] {
        fs::write(root.path().join(file), "changed").unwrap();
    }
    let (found, _) = refused(root.path(), "verify --store store --source old --source new");
    let why = found["problems"][0]["why"].as_str().unwrap();
    assert!(why.contains("1 chunk of it") && fs::read(&pack).unwrap() == bad, "{found}");
    let left: Vec<_> =
        files(&root.path().join("store")).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(left, ["lock", "manifests", "packs", "sources", "updates"]);
}

#[test]
fn garbage_is_what_no_content_needs_and_updates_outlive_what_they_begin_from() {
    let (root, old, new) = store();
    let before = objects(root.path()).len();
    assert_eq!(value(root.path(), "gc --store store")["removed"], Value::Array(vec![]));
    let planned = value(root.path(), &format!("gc --store store --keep {new} --dry-run"));
    assert_eq!(objects(root.path()).len(), before);
    fs::create_dir(root.path().join("store/incoming-killed")).unwrap();
    let done = value(root.path(), &format!("gc --store store --keep {new}"));
    assert_eq!((&planned["removed"], &planned["removed_bytes"]), (&done["removed"], &done["removed_bytes"]));
    assert_eq!(objects(root.path()).len(), before - done["removed"].as_array().unwrap().len());
    assert!(!root.path().join("store/incoming-killed").exists());
    // Chunks of the new content are in the pack of the old one, so only the manifest goes.
    assert_eq!(done["removed"].as_array().unwrap().len(), 1, "{done}");
    value(root.path(), "verify --store store");
    assert_eq!(value(root.path(), "gc --store store")["unread_updates"], Value::Array(vec![]));
    let applied = value(root.path(), &format!("apply {new} made --store store --have old"));
    assert_eq!(applied["way"], "update");

    value(root.path(), "ingest old --store store");
    let emptied = value(root.path(), &format!("gc --store store --keep {old}"));
    assert!(emptied["removed"].as_array().unwrap().len() >= 4, "{emptied}");
    value(root.path(), &format!("apply {old} again --store store"));
    let gone = run(root.path(), &format!("gc --store store --keep {new}"));
    assert_eq!(gone.status.code(), Some(3));
}

#[test]
fn a_store_with_a_damaged_manifest_loses_nothing_that_this_one_may_need() {
    let (root, ..) = store();
    let manifest = files(&root.path().join("store/manifests")).pop_first().unwrap();
    HARMS[0](&manifest, &fs::read(&manifest).unwrap());
    let before = objects(root.path());
    let (_, text) = refused(root.path(), "gc --store store");
    assert!(text.contains(&name(&manifest)) && text.contains("nothing was deleted"), "{text}");
    assert_eq!(objects(root.path()), before);
}

#[test]
fn the_folders_of_sites_and_points_are_not_collected() {
    let (root, ..) = store();
    fs::write(root.path().join("site.toml"), "").unwrap();
    let (_, text) = refused(root.path(), "gc --store store");
    assert!(text.contains("without --store"), "{text}");
    fs::remove_file(root.path().join("site.toml")).unwrap();
    fs::create_dir(root.path().join("store/identity")).unwrap();
    let (_, text) = refused(root.path(), "gc --store store");
    assert!(text.contains("a distribution point"), "{text}");
}

#[test]
fn an_update_that_nobody_can_look_into_keeps_every_pack() {
    let (root, _, new) = store();
    value(root.path(), &format!("gc --store store --keep {new}"));
    fs::remove_dir_all(root.path().join("store/trees")).unwrap();
    let before = objects(root.path());
    let done = value(root.path(), "gc --store store");
    assert_eq!((done["unread_updates"].as_array().unwrap().len(), objects(root.path())), (1, before));
    value(root.path(), "prepare old new --store store");
    assert_eq!(value(root.path(), "gc --store store")["unread_updates"], Value::Array(vec![]));
}

#[test]
fn an_export_holds_all_of_a_content_goes_on_and_is_taken_by_another_store() {
    let (root, _, new) = store();
    let line = format!("export {new} --to disk --store store");
    let copied = value(root.path(), &line);
    assert_eq!(value(root.path(), "verify --store disk")["problems"], Value::Array(vec![]));
    let again = value(root.path(), &line);
    assert_eq!((&again["copied"], &again["present"]), (&0.into(), &copied["copied"]));
    let pack = files(&root.path().join("disk/packs")).pop_first().unwrap();
    let good = fs::read(&pack).unwrap();
    HARMS[1](&pack, &good);
    assert_eq!(value(root.path(), &line)["copied"], 1);
    assert_eq!(fs::read(&pack).unwrap(), good);

    value(root.path(), "import disk --store other");
    let applied = value(root.path(), &format!("apply {new} made --store other --have old"));
    assert_eq!(applied["way"], "update");
    value(root.path(), &format!("apply {new} whole --store disk"));
}

#[test]
fn a_damaged_store_exports_no_manifest_without_its_packs_and_a_copy_heals_it() {
    let (root, _, new) = store();
    value(root.path(), &format!("export {new} --to disk --store store"));
    let pack = files(&root.path().join("disk/packs")).pop_first().unwrap();
    let in_store = root.path().join("store/packs").join(pack.file_name().unwrap());
    HARMS[0](&in_store, &fs::read(&in_store).unwrap());
    let (copied, _) = refused(root.path(), &format!("export {new} --to other --store store"));
    assert_eq!(copied["damaged"], Value::from(vec![name(&pack)]));
    assert!(!copied["left"].as_array().unwrap().is_empty(), "{copied}");
    assert_eq!(value(root.path(), "import disk --store store")["copied"], 1);
    value(root.path(), "verify --store store");
}

#[test]
fn an_import_takes_nothing_that_is_not_what_its_name_says() {
    let (root, _, new) = store();
    value(root.path(), &format!("export {new} --to disk --store store"));
    for object in
        ["packs", "updates", "manifests"].map(|kind| files(&root.path().join("disk").join(kind)).pop_first().unwrap())
    {
        let good = fs::read(&object).unwrap();
        HARMS[0](&object, &good);
        let (copied, text) = refused(root.path(), "import disk --store other");
        assert!(copied["damaged"].to_string().contains(&name(&object)), "{copied} {text}");
        let verified = value(root.path(), "verify --store other");
        assert_eq!(verified["problems"], Value::Array(vec![]), "{verified}");
        fs::write(&object, good).unwrap();
        fs::remove_dir_all(root.path().join("other")).unwrap();
    }
}

#[test]
fn the_store_of_a_site_is_counted_verified_swept_carried_and_mended() {
    let fleet = Fleet::new();
    two_versions(&fleet.path(""));
    let _site = fleet.serve_site();
    let old = fleet.path("old");
    fleet.dray(&["package", "create", "editor", "--source", old.to_str().unwrap(), "--wait"]);
    assert_eq!(fleet.dray(&["content", "verify"])["objects"], Value::Array(vec![]));
    let stats = fleet.dray(&["content", "stats"]);
    assert_eq!((&stats["packs"]["count"], &stats["damaged"]["count"]), (&1.into(), &0.into()));
    let disk = fleet.path("disk");
    let export = ["content", "export", "editor", "--to", disk.to_str().unwrap()];
    assert_eq!(fleet.dray(&export)["copied"], 2);
    assert_eq!(fleet.dray(&export)["present"], 2);
    value(&fleet.path(""), "verify --store disk");

    let pack = files(&fleet.path("site/content/packs")).pop_first().unwrap();
    let good = fs::read(&pack).unwrap();
    HARMS[0](&pack, &good);
    let verified = fleet.try_dray(&["content", "verify"]);
    let text = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert!(verified.status.success() && text.contains("repaired 1; 0 still damaged"), "{text}");
    assert_eq!(fs::read(&pack).unwrap(), good, "it was made again from the source folder");

    fs::remove_dir_all(&old).unwrap();
    HARMS[2](&pack, &good);
    let verified = fleet.try_dray(&["content", "verify"]);
    let text = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert_eq!(verified.status.code(), Some(1), "{text}");
    for part in [&name(&pack), "editor@1", "missing", "dray content import FOLDER"] {
        assert!(text.contains(part), "{text}");
    }
    let restored = fleet.dray(&["content", "import", disk.to_str().unwrap()]);
    assert_eq!((&restored["restored"], fs::read(&pack).unwrap()), (&Value::from(vec![name(&pack)]), good));
    assert_eq!(fleet.dray(&["content", "verify"])["objects"], Value::Array(vec![]));

    fleet.dray(&["package", "delete", "editor"]);
    let swept = fleet.dray(&["content", "gc"]);
    assert!(swept["what"].as_str().unwrap().starts_with("deleted "), "{swept}");
    assert!(files(&fleet.path("site/content/packs")).is_empty());
    assert_eq!(fleet.dray(&["content", "gc", "--dry-run"])["count"], 0);
    let gone = fleet.try_dray(&["content", "export", "editor", "--to", disk.to_str().unwrap()]);
    assert_eq!(gone.status.code(), Some(3));
}
