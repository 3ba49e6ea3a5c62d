//! What Linux keeps of files beside their bytes arrives: names of any bytes, rights that are never wider, times in their order.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dray_content::assemble::{AssembleError, Assembly};
use dray_content::identify::identify;
use dray_content::ingest::KnownChunks;
use dray_content::plan::{FetchOptions, plan};
use dray_content::scan::Rules;
use dray_content::update::prepare::{Folder, Options, Outcome, Source, prepare};
use dray_content::verify::{Damage, DamageKind, restore_times, verify_tree};
use dray_content::{Extension, Limits, Manifest, Tree};

use crate::world::{World, noise};

const NAMES: [&[u8]; 8] =
    [b"xt_DSCP.ko", b"xt_dscp.ko", b"aux.c", b"a:b", b"caf\xe9", b"line\nend", b"back\\slash", b" . "];

fn any_names() -> World {
    World { rules: Rules::ANYTHING, ..World::new() }
}

fn name(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn set_time(path: &Path, millis: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn kinds(damages: Vec<Damage>) -> Vec<(String, DamageKind)> {
    damages.into_iter().map(|damage| (damage.path.to_string_lossy().into_owned(), damage.kind)).collect()
}

/// Rights and times of several kinds.
fn publish_attributes(world: &World) -> Arc<Manifest> {
    let source = world.path("source");
    fs::create_dir_all(source.join("private/in")).unwrap();
    for (path, mode, millis) in [
        ("made", 0o755, 1_500_000_009_900),
        ("source", 0o644, 1_500_000_009_100),
        ("older", 0o444, 1_400_000_000_000),
        ("secret", 0o600, 1_500_000_000_000),
        ("lent", 0o6711, 1_500_000_000_000),
        ("private/in/f", 0o640, 1_500_000_000_000),
    ] {
        fs::write(source.join(path), format!("bytes of {path}")).unwrap();
        set_mode(&source.join(path), mode);
        set_time(&source.join(path), millis);
    }
    fs::write(source.join("same"), "bytes of secret").unwrap();
    set_mode(&source.join("same"), 0o666);
    set_time(&source.join("same"), 1_300_000_000_000);
    set_mode(&source.join("private"), 0o700);
    set_mode(&source.join("private/in"), 0o1777);
    set_time(&source.join("private/in"), 1_200_000_000_000);
    Arc::new(world.publish_folder(&source, &KnownChunks::default()).manifest)
}

#[test]
fn names_of_any_bytes_arrive_and_are_shown_escaped() {
    let world = any_names();
    let source = world.path("source");
    fs::create_dir(&source).unwrap();
    for (seed, bytes) in (0..).zip(NAMES) {
        fs::write(source.join(name(bytes)), noise(seed, 100)).unwrap();
    }
    symlink(OsStr::from_bytes(b"caf\xe9"), source.join("inside")).unwrap();
    let want = Arc::new(world.publish_folder(&source, &KnownChunks::default()).manifest);
    assert_eq!(want.tree().requires(), ["outside_links", "unix_names"]);
    assert!(want.tree().entries().iter().all(|entry| !entry.path.to_string().contains(char::is_control)));
    world.receive(&want, &[]);
    for (seed, bytes) in (0..).zip(NAMES) {
        assert_eq!(fs::read(world.held(&want).join(name(bytes))).unwrap(), noise(seed, 100));
    }
    assert_eq!(&identify(&world.held(&want), &Limits::default()).unwrap(), want.tree());
    fs::remove_file(world.held(&want).join("xt_dscp.ko")).unwrap();
    let damages = verify_tree(&world.held(&want), want.tree()).unwrap_err();
    assert!(kinds(damages).contains(&("xt_dscp.ko".into(), DamageKind::Missing)));
}

#[test]
fn an_update_between_names_of_any_bytes_reuses_what_is_held() {
    let world = any_names();
    let source = world.path("source");
    fs::create_dir(&source).unwrap();
    let publish = |changed: &[u8], known: &KnownChunks| {
        for (seed, bytes) in (0..).zip(NAMES) {
            fs::write(source.join(name(bytes)), [noise(seed, 30_000), changed.to_vec()].concat()).unwrap();
        }
        world.publish_folder(&source, known)
    };
    let old = publish(b"old", &KnownChunks::default());
    let mut known = KnownChunks::default();
    known.add(&old.manifest);
    let new = publish(b"new", &known);
    world.receive(&Arc::new(old.manifest.clone()), &[]);
    let held = world.held(&old.manifest);
    let contents = [Folder::new(&held, old.manifest.tree()), Folder::new(&source, new.manifest.tree())];
    let from = Source { manifest: &old.manifest, contents: &contents[0] };
    let to = Source { manifest: &new.manifest, contents: &contents[1] };
    let outcome = prepare(&from, &to, &world.path("update"), &Options::default(), &()).unwrap();
    let Outcome::Prepared(prepared) = outcome else { panic!("an update is worth it") };
    assert_eq!(prepared.update.manifest.tree(), new.manifest.tree());
    let planned = world.plan_update(&prepared.update, &[&old.manifest], FetchOptions::default()).unwrap();
    assert!(planned.totals.fetch_bytes < 2000, "{}", planned.totals.fetch_bytes);
}

#[test]
fn rights_arrive_as_they_are_and_never_wider() {
    let world = World::new();
    let want = publish_attributes(&world);
    world.receive(&want, &[]);
    let held = world.held(&want);
    let expected = [("made", 0o755), ("older", 0o444), ("secret", 0o600), ("same", 0o666), ("private", 0o700)];
    for (path, bits) in expected.into_iter().chain([("private/in", 0o1777), ("private/in/f", 0o640), ("lent", 0o711)]) {
        assert_eq!(mode(&held.join(path)), bits, "{path}");
    }
    set_mode(&held.join("secret"), 0o644);
    set_mode(&held.join("private"), 0o755);
    let damages = kinds(verify_tree(&held, want.tree()).unwrap_err());
    assert_eq!(damages, [("private".into(), DamageKind::OtherRights), ("secret".into(), DamageKind::OtherRights)]);
}

#[test]
fn nobody_else_can_read_what_is_being_built() {
    let world = World::new();
    let want = publish_attributes(&world);
    let assembly = world.open(&world.plan(&want, &[]));
    assert_eq!(mode(&world.path("assembly")), 0o700);
    drop(assembly);
}

#[test]
fn times_keep_their_order_and_are_cut_to_seconds() {
    let world = World::new();
    let want = publish_attributes(&world);
    world.receive(&want, &[]);
    let time = |path: &str| {
        let metadata = fs::symlink_metadata(world.held(&want).join(path)).unwrap();
        (metadata.mtime(), metadata.mtime_nsec())
    };
    assert_eq!(
        [time("made"), time("source"), time("older")],
        [(1_500_000_009, 0), (1_500_000_009, 0), (1_400_000_000, 0)]
    );
    assert_eq!((time("same"), time("private/in")), ((1_300_000_000, 0), (1_200_000_000, 0)));
}

#[test]
fn other_times_are_seen_and_set_right() {
    let world = World::new();
    let want = publish_attributes(&world);
    world.receive(&want, &[]);
    let held = world.held(&want);
    set_time(&held.join("older"), 1_600_000_000_000);
    fs::write(held.join("private/in/left"), "by a program").unwrap();
    fs::remove_file(held.join("private/in/left")).unwrap();
    let damages = kinds(verify_tree(&held, want.tree()).unwrap_err());
    assert_eq!(damages, [("older".into(), DamageKind::OtherTime), ("private/in".into(), DamageKind::OtherTime)]);
    restore_times(&held, want.tree()).unwrap();
    assert_eq!(verify_tree(&held, want.tree()), Ok(()));
}

#[test]
fn new_times_alone_fetch_nothing() {
    let world = World::new();
    let old = publish_attributes(&world);
    world.receive(&old, &[]);
    let source = world.path("source");
    set_time(&source.join("made"), 1_700_000_000_000);
    let mut known = KnownChunks::default();
    known.add(&old);
    let new = Arc::new(world.publish_folder(&source, &known).manifest);
    assert!(new.tree().digest() != old.tree().digest() && new.tree().is_same_but_for_times(old.tree()));
    assert_eq!(world.receive(&new, &[&old]).totals.fetch_bytes, 0);
}

#[test]
fn an_assembly_goes_on_where_another_tree_left_files_that_may_not_be_written() {
    let world = World::new();
    let want = publish_attributes(&world);
    let staged = world.path("assembly/tree");
    fs::create_dir_all(staged.join("private")).unwrap();
    for path in ["older", "secret"] {
        fs::write(staged.join(path), "something else").unwrap();
        set_mode(&staged.join(path), 0o400);
    }
    set_mode(&staged.join("private"), 0o700);
    world.receive(&want, &[]);
}

#[test]
fn a_tree_that_requires_what_is_not_known_is_refused_before_anything_is_written() {
    let world = World::new();
    let entries = publish_attributes(&world).tree().entries().to_vec();
    let owners = Extension { name: "owners".into(), is_required: true, bytes: b"0 0".to_vec() };
    let tree = Tree::with_extensions(entries, vec![owners]).unwrap();
    let want = Arc::new(Manifest::new(tree, &[], &[], Vec::new()).unwrap());
    let planned = plan(&want, &[], FetchOptions::default());
    let Ok(planned) = planned else { return };
    let staging = world.path("assembly");
    let refused = Assembly::open(&staging, planned, std::collections::BTreeMap::new()).err();
    assert!(matches!(&refused, Some(AssembleError::Unsupported(which)) if *which == ["owners"]), "{refused:?}");
    assert!(!staging.exists());
}
