//! Links that lead out of a tree travel as they are, and nothing is ever written or read through one, nor through a link that
//! somebody put into a tree.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dray_content::ingest::KnownChunks;
use dray_content::scan::{OutsideLinks, Rules};
use dray_content::verify::{DamageKind, verify_tree};
use dray_content::{Limits, Manifest, Tree};

use crate::world::{World, noise, read_folder};

/// A world with a folder that nobody may touch, and links into it.
struct Lured {
    world: World,
    want: Arc<Manifest>,
}

impl Lured {
    fn new() -> Self {
        let world = World { rules: Rules { outside_links: OutsideLinks::Keep, ..Rules::default() }, ..World::new() };
        let (source, outside) = (world.path("source"), world.path("outside"));
        fs::create_dir_all(source.join("d/e")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "precious").unwrap();
        fs::write(source.join("d/big"), noise(1, 300_000)).unwrap();
        fs::write(source.join("d/copy"), noise(1, 300_000)).unwrap();
        fs::write(source.join("d/e/f"), "small").unwrap();
        symlink(&outside, source.join("folder")).unwrap();
        symlink(outside.join("precious"), source.join("file")).unwrap();
        symlink("../../climbs", source.join("d/up")).unwrap();
        symlink("/dev/zero", source.join("endless")).unwrap();
        let want = Arc::new(world.publish_folder(&source, &KnownChunks::default()).manifest);
        assert_eq!(want.tree().outside_links().count(), 4);
        Self { world, want }
    }

    fn outside(&self) -> PathBuf {
        self.world.path("outside")
    }

    fn held(&self) -> PathBuf {
        self.world.held(&self.want)
    }

    /// What is outside is as it was.
    fn assert_untouched(&self) {
        let found = read_folder(&self.outside());
        assert_eq!(found, [("precious".to_owned(), Some(b"precious".to_vec()))].into());
    }
}

fn put_link(target: &Path, place: &Path) {
    match fs::symlink_metadata(place) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(place).unwrap(),
        Ok(_) => fs::remove_file(place).unwrap(),
        Err(_) => {}
    }
    symlink(target, place).unwrap();
}

#[test]
fn a_tree_with_outside_links_arrives_and_verifies() {
    let lured = Lured::new();
    let tree = lured.want.tree();
    assert_eq!(&Tree::decode(&tree.encode(), &Limits::default()).unwrap(), tree);
    lured.world.receive(&lured.want, &[]);
    assert_eq!(fs::read_link(lured.held().join("folder")).unwrap(), lured.outside());
    assert_eq!(fs::read_link(lured.held().join("d/up")).unwrap(), Path::new("../../climbs"));
    lured.assert_untouched();
}

#[test]
fn another_target_is_damage() {
    let lured = Lured::new();
    lured.world.receive(&lured.want, &[]);
    put_link(Path::new("/dev/null"), &lured.held().join("endless"));
    let damages = verify_tree(&lured.held(), lured.want.tree()).unwrap_err();
    assert_eq!(damages.len(), 1);
    assert_eq!((damages[0].path.as_path(), &damages[0].kind), (Path::new("endless"), &DamageKind::OtherContent));
}

#[test]
fn verifying_looks_behind_no_link() {
    let lured = Lured::new();
    lured.world.receive(&lured.want, &[]);
    // A copy of the folder elsewhere, right in every byte, with something that doesn't belong there.
    let elsewhere = lured.world.path("elsewhere");
    fs::rename(lured.held().join("d"), &elsewhere).unwrap();
    fs::write(elsewhere.join("e/unknown"), "").unwrap();
    symlink(&elsewhere, lured.held().join("d")).unwrap();
    let damages = verify_tree(&lured.held(), lured.want.tree()).unwrap_err();
    let seen: Vec<_> = damages.iter().map(|damage| (damage.path.to_str().unwrap(), damage.kind.clone())).collect();
    let missing = ["d/big", "d/copy", "d/e", "d/e/f", "d/up"].map(|path| (path, DamageKind::Missing));
    assert_eq!(seen, [&[("d", DamageKind::OtherKind)], &missing[..]].concat());
}

#[test]
fn an_assembly_that_goes_on_removes_links_and_writes_through_none() {
    let lured = Lured::new();
    let tree = lured.world.path("assembly/tree");
    fs::create_dir_all(&tree).unwrap();
    fs::create_dir(tree.join("other")).unwrap();
    put_link(&lured.outside(), &tree.join("d"));
    put_link(&lured.outside(), &tree.join("folder"));
    put_link(&lured.outside().join("precious"), &tree.join("file"));
    put_link(&lured.outside(), &tree.join("other/unknown"));
    lured.world.receive(&lured.want, &[]);
    lured.assert_untouched();
}

#[test]
fn a_link_put_in_the_place_of_a_file_while_it_is_built_is_not_written_through() {
    let lured = Lured::new();
    let planned = lured.world.plan(&lured.want, &[]);
    let mut assembly = lured.world.open(&planned);
    for range in assembly.missing() {
        assembly.accept(&range, &lured.world.fetch(&range)).unwrap();
    }
    drop(assembly);
    let tree = lured.world.path("assembly/tree");
    put_link(&lured.outside().join("precious"), &tree.join("d/big"));
    put_link(&lured.outside(), &tree.join("d/e"));
    let mut assembly = lured.world.open(&planned);
    lured.world.complete(&mut assembly, &lured.want).unwrap();
    lured.assert_untouched();
}

#[test]
fn a_held_file_is_not_read_through_a_link() {
    let lured = Lured::new();
    lured.world.receive(&lured.want, &[]);
    let source = lured.world.path("source");
    fs::write(source.join("d/more"), noise(2, 100_000)).unwrap();
    let next = Arc::new(lured.world.publish_folder(&source, &[&*lured.want].into_iter().collect()).manifest);
    // The right bytes, but behind links: one for the folder, and inside one for a file.
    let elsewhere = lured.world.path("elsewhere");
    fs::rename(lured.held().join("d"), &elsewhere).unwrap();
    symlink(&elsewhere, lured.held().join("d")).unwrap();
    let planned = lured.world.plan(&next, &[&lured.want]);
    let mut assembly = lured.world.open(&planned);
    let fetched = lured.world.complete(&mut assembly, &next).unwrap();
    assert!(fetched > 300_000, "{fetched}");
    assert!(!assembly.damaged().is_empty());
}

#[test]
fn removing_a_tree_removes_links_and_not_what_they_lead_to() {
    let lured = Lured::new();
    lured.world.receive(&lured.want, &[]);
    fs::remove_dir_all(lured.held()).unwrap();
    lured.assert_untouched();
}
