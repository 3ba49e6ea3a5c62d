//! Sources that can't be read, and one that is mostly hole. Root reads everything, so the work is done by a thread without root's
//! capabilities: as its files' owner it is bound by their permissions.

use std::error::Error;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use dray_content::ingest::{self, KnownChunks};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use crate::world::World;

/// Does `work` as the user who runs the tests, but bound by permissions.
fn as_anybody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let bound = move || {
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
        set_capabilities(None, sets).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(bound).join().unwrap())
}

fn in_full(error: &dyn Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", in_full(cause)));
    format!("{error}{}", cause.unwrap_or_default())
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_leaves_nothing() {
    for unreadable in ["folder", "folder/file"] {
        let world = World::new();
        let (source, staging) = (world.path("source"), world.path("staging"));
        fs::create_dir_all(source.join("folder")).unwrap();
        fs::write(source.join("folder/file"), "content").unwrap();
        let path = source.join(unreadable);
        fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
        let options = ingest::Options::default();
        let ingested = as_anybody(|| ingest::ingest(&source, &staging, &KnownChunks::default(), &options, &()));
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        let told = in_full(&ingested.unwrap_err());
        assert!(told.contains(unreadable) && told.contains("Permission denied"), "{told}");
        assert!(!staging.exists());
    }
}

#[test]
fn a_large_hole_travels_as_one_chunk() {
    const BYTES: u64 = 256 << 20;
    let world = World::new();
    let source = world.path("source");
    fs::create_dir(&source).unwrap();
    File::create(source.join("disk.img")).unwrap().set_len(BYTES).unwrap();
    let totals = world.publish_folder(&source, &KnownChunks::default()).totals;
    assert_eq!((totals.bytes, totals.new_bytes), (BYTES, 256 << 10));
    assert!(totals.stored_bytes < 4096, "{}", totals.stored_bytes);
}
