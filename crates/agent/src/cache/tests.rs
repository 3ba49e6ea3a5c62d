//! What the cache holds, checks and gives up, with trees made by an ingest.

use super::*;
use dray_content::ingest::{KnownChunks, Options, ingest};

/// A cache with one complete content.
fn cache() -> (tempfile::TempDir, Cache, Digest) {
    let temp = tempfile::tempdir().unwrap();
    let source = temp.path().join("source");
    std::fs::create_dir_all(source.join("data")).unwrap();
    std::fs::write(source.join("data/one"), vec![7; 100_000]).unwrap();
    std::fs::write(source.join("two"), "two").unwrap();
    let staging = temp.path().join("packs");
    let taken = ingest(&source, &staging, &KnownChunks::default(), &Options::default(), &()).unwrap();
    let cache = Cache::open(&temp.path().join("cache"), crate::clock::now()).unwrap();
    std::fs::write(cache.manifest_file(taken.content), &taken.manifest_bytes).unwrap();
    std::fs::rename(source, cache.tree(taken.content)).unwrap();
    (temp, cache, taken.content)
}

#[test]
fn a_whole_tree_passes_and_what_programs_did_in_it_is_undone() {
    let (_temp, cache, content) = cache();
    std::fs::write(cache.tree(content).join("setup.log"), "log").unwrap();
    std::fs::create_dir(cache.tree(content).join("data/tmp")).unwrap();
    std::fs::write(cache.tree(content).join("data/tmp/x"), "x").unwrap();
    let two = std::fs::File::open(cache.tree(content).join("two")).unwrap();
    let seconds =
        || two.metadata().unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let published = seconds();
    two.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    cache.verify(content).unwrap();
    assert_eq!(seconds(), published);
    assert!(!cache.tree(content).join("setup.log").exists() && !cache.tree(content).join("data/tmp").exists());
    assert_eq!(cache.contents().unwrap(), [content].into());
}

#[test]
fn a_changed_tree_is_complete_no_more() {
    let (_temp, cache, content) = cache();
    std::fs::write(cache.tree(content).join("two"), "TWO").unwrap();
    let error = cache.verify(content).unwrap_err();
    assert!(error.contains("two"), "{error}");
    assert!(!cache.is_complete(content) && cache.contents().unwrap().is_empty());
    assert!(cache.staging(content).join(STAGED_TREE).join("data/one").exists(), "what is good of it is kept");
}

#[test]
fn a_link_in_place_of_a_file_is_damage_and_what_it_names_is_left_alone() {
    let (temp, cache, content) = cache();
    let outside = temp.path().join("outside");
    std::fs::write(&outside, "two").unwrap();
    std::fs::remove_file(cache.tree(content).join("two")).unwrap();
    std::os::unix::fs::symlink(&outside, cache.tree(content).join("two")).unwrap();
    assert!(cache.verify(content).is_err());
    cache.remove(content);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "two");
}

#[test]
fn a_content_without_its_manifest_is_not_complete() {
    let (_temp, cache, content) = cache();
    std::fs::remove_file(cache.manifest_file(content)).unwrap();
    assert!(cache.contents().unwrap().is_empty());
    assert!(cache.verify(content).is_err());
}

#[test]
fn a_removed_content_is_gone_with_all_its_parts() {
    let (_temp, cache, content) = cache();
    platform::create_private_dir(&cache.staging(content)).unwrap();
    cache.remove(content);
    cache.remove(content);
    assert!(cache.contents().unwrap().is_empty());
    for room in ["contents", "trees", "manifests", "staging", "removed"] {
        assert_eq!(std::fs::read_dir(cache.folder.join(room)).unwrap().count(), 0, "{room}");
    }
}

#[test]
fn names_that_are_no_digests_are_no_contents() {
    let (_temp, cache, content) = cache();
    std::fs::create_dir(cache.folder.join("contents/lost+found")).unwrap();
    assert_eq!(cache.contents().unwrap(), [content].into());
}

#[test]
fn a_tree_that_does_not_fit_is_refused_with_the_numbers() {
    let (_temp, cache, content) = cache();
    let staging = cache.staging(content);
    cache.make_sure_of_room(1000, &staging).unwrap();
    let failure = cache.make_sure_of_room(u64::MAX / 2, &staging).unwrap_err();
    assert!(matches!(failure.kind, dray_agent_core::ContentFailureKind::DiskFull { .. }), "{failure:?}");
}

#[test]
fn parts_are_kept_over_a_restart_and_dropped_after_a_month() {
    let (_temp, cache, content) = cache();
    std::fs::write(cache.tree(content).join("two"), "TWO").unwrap();
    cache.verify(content).unwrap_err();
    let now = crate::clock::now();
    let cache = Cache::open(&cache.folder, now).unwrap();
    assert!(cache.staging(content).exists());
    let cache = Cache::open(&cache.folder, now + 2 * PARTS_KEPT).unwrap();
    assert!(!cache.staging(content).exists() && !cache.manifest_file(content).exists());
}

#[test]
fn complete_content_is_kept_however_old() {
    let (_temp, cache, content) = cache();
    let cache = Cache::open(&cache.folder, crate::clock::now() + 100 * PARTS_KEPT).unwrap();
    assert!(cache.is_complete(content));
}
