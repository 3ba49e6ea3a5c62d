//! Publishing and receiving: what arrives is what was published, from whatever the receiver had.

use std::fs;
use std::sync::Arc;

use dray_content::assemble::{AssembleError, Outcome};
use dray_content::ingest::KnownChunks;
use dray_content::verify::{DamageKind, verify_tree};
use dray_content::{Manifest, Node};
use proptest::prelude::*;

use crate::world::{Files, World, any_files, noise, read_folder};

fn files(of: &[(&str, Vec<u8>)]) -> Files {
    of.iter().map(|(path, bytes)| ((*path).to_owned(), Some(bytes.clone()))).collect()
}

/// Two versions that share a small file, most of a big one, and renamed bytes.
fn two_versions() -> (World, Arc<Manifest>, Arc<Manifest>) {
    let world = World::new();
    let old = files(&[("big", noise(1, 1_500_000)), ("small", noise(2, 900)), ("moved", noise(3, 300_000))]);
    let mut big = noise(1, 1_500_000);
    big.splice(700_000..700_010, noise(9, 5000));
    let new = files(&[("big", big), ("small", noise(2, 900)), ("new/name", noise(3, 300_000)), ("tiny", noise(4, 10))]);
    let old = world.publish(&old, &KnownChunks::default()).manifest;
    let new = world.publish(&new, &[&old].into_iter().collect()).manifest;
    (world, Arc::new(old), Arc::new(new))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_rebuilt_from_any_other(old in any_files(), new in any_files(), known: bool) {
        let world = World::new();
        let old = world.publish(&old, &KnownChunks::default()).manifest;
        let known = if known { [&old].into_iter().collect() } else { KnownChunks::default() };
        let published = world.publish(&new, &known);
        let want = Manifest::decode(&published.manifest_bytes, &published.content, &world.limits).unwrap();
        prop_assert_eq!(&want, &published.manifest);
        world.receive(&Arc::new(old.clone()), &[]);
        if old.tree() != want.tree() {
            let want = Arc::new(want);
            world.receive(&want, &[&old]);
            prop_assert_eq!(read_folder(&world.held(&want)), new);
        }
    }

    #[test]
    fn an_assembly_goes_on_after_any_number_of_ranges(new in any_files(), stop in 0usize..12, broken in 0usize..100_000) {
        let world = World::new();
        let want = Arc::new(world.publish(&new, &KnownChunks::default()).manifest);
        let plan = dray_content::plan::plan(&want, &[], dray_content::plan::FetchOptions {
            gap_bytes_max: 0,
            range_bytes_max: 1,
        }).unwrap();
        let mut assembly = world.open(&plan);
        let ranges = assembly.missing();
        for range in ranges.iter().take(stop) {
            assembly.accept(range, &world.fetch(range)).unwrap();
        }
        if let Some(range) = ranges.get(stop) {
            let bytes = world.fetch(range);
            assembly.accept(range, &bytes[..broken.min(bytes.len() - 1)]).unwrap();
        }
        drop(assembly);
        let mut assembly = world.open(&plan);
        prop_assert_eq!(assembly.missing(), &ranges[stop.min(ranges.len())..]);
        world.complete(&mut assembly, &want).unwrap();
        prop_assert_eq!(read_folder(&world.held(&want)), new);
    }
}

#[test]
fn an_update_fetches_only_what_changed() {
    let (world, old, new) = two_versions();
    world.receive(&old, &[]);
    let plan = world.receive(&new, &[&old]);
    assert_eq!(plan.totals.copied_bytes, 300_900);
    assert!(plan.totals.fetch_bytes < 2 * 256 * 1024 + 10, "{}", plan.explain());
    assert!(plan.totals.reused_bytes > 900_000, "{}", plan.explain());
    assert_eq!(plan, world.plan(&new, &[&old]));
    let words = plan.explain();
    assert!(words.contains("copied: 2 files, 300.9 kB"), "{words}");
    assert!(words.contains("(all of it would be 1.8 MB)"), "{words}");
}

#[test]
fn a_damaged_held_tree_costs_a_download_but_never_a_wrong_file() {
    let (world, old, new) = two_versions();
    world.receive(&old, &[]);
    let held = world.held(&old);
    let mut big = fs::read(held.join("big")).unwrap();
    big[100_000] ^= 1;
    fs::write(held.join("big"), big).unwrap();
    fs::remove_file(held.join("moved")).unwrap();
    let plan = world.plan(&new, &[&old]);
    let mut assembly = world.open(&plan);
    let fetched = world.complete(&mut assembly, &new).unwrap();
    assert!(fetched > plan.totals.fetch_bytes + 300_000, "{fetched}");
    let damaged: Vec<_> = assembly.damaged().iter().map(|held| held.path.to_string()).collect();
    assert_eq!(damaged, ["moved", "big"]);
}

#[test]
fn wrong_bytes_are_refused_and_the_chunks_before_them_kept() {
    let (world, _, new) = two_versions();
    let plan = world.plan(&new, &[]);
    let mut assembly = world.open(&plan);
    let range = assembly.missing()[0];
    let mut bytes = world.fetch(&range);
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    assert!(matches!(assembly.accept(&range, &bytes), Err(AssembleError::Corrupt { .. })));
    let rest = assembly.missing()[0];
    assert!(rest.offset > range.offset && rest.end() == range.end());
    assert!(matches!(assembly.accept(&rest, &bytes), Err(AssembleError::TooManyBytes { .. })));
    world.complete(&mut assembly, &new).unwrap();
}

#[test]
fn what_is_foreign_or_damaged_in_staging_is_removed_or_fetched_again() {
    let (world, _, new) = two_versions();
    let plan = world.plan(&new, &[]);
    let mut assembly = world.open(&plan);
    for range in assembly.missing() {
        assembly.accept(&range, &world.fetch(&range)).unwrap();
    }
    drop(assembly);
    let tree = world.path("assembly").join("tree");
    fs::write(tree.join("foreign"), "x").unwrap();
    fs::create_dir_all(tree.join("more/foreign")).unwrap();
    let mut big = fs::read(tree.join("big")).unwrap();
    big[500_000] ^= 1;
    fs::write(tree.join("big"), big).unwrap();
    fs::write(tree.join("tiny"), "far too long for it").unwrap();
    let mut assembly = world.open(&plan);
    let missing: u64 = assembly.missing().iter().map(|range| range.length).sum();
    assert!((1..=600_000).contains(&missing), "{missing}");
    world.complete(&mut assembly, &new).unwrap();
}

#[test]
fn a_folder_that_is_there_is_not_replaced() {
    let (world, old, _) = two_versions();
    world.receive(&old, &[]);
    let mut assembly = world.open(&world.plan(&old, &[]));
    let again = assembly.finish(&world.held(&old), &());
    assert!(matches!(again, Err(AssembleError::DestinationExists(_))));
}

#[test]
fn finish_says_what_is_missing() {
    let (world, old, _) = two_versions();
    let mut assembly = world.open(&world.plan(&old, &[]));
    let missing = assembly.missing();
    assert_eq!(assembly.finish(&world.held(&old), &()).unwrap(), Outcome::Missing(missing));
    assert!(!world.held(&old).exists());
}

#[cfg(unix)]
#[test]
fn links_and_rights_arrive_and_their_damage_is_seen() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let world = World::new();
    let source = world.path("source");
    fs::create_dir_all(source.join("bin/empty")).unwrap();
    fs::write(source.join("bin/run"), "#!").unwrap();
    fs::write(source.join("bin/same"), "#!").unwrap();
    fs::set_permissions(source.join("bin/run"), PermissionsExt::from_mode(0o700)).unwrap();
    symlink("bin/./run", source.join("link")).unwrap();
    symlink(".", source.join("bin/here")).unwrap();
    let want = Arc::new(world.publish_folder(&source, &KnownChunks::default()).manifest);
    assert!(want.tree().entries().iter().any(|entry| matches!(&entry.node, Node::Link(_))));
    world.receive(&want, &[]);
    let held = world.held(&want);
    assert_eq!(fs::read_link(held.join("link")).unwrap().to_str(), Some("bin/run"));
    assert_eq!(fs::metadata(held.join("bin/run")).unwrap().permissions().mode() & 0o777, 0o700);

    fs::set_permissions(held.join("bin/run"), PermissionsExt::from_mode(0o644)).unwrap();
    fs::write(held.join("bin/same"), "#?").unwrap();
    fs::remove_dir(held.join("bin/empty")).unwrap();
    fs::remove_file(held.join("link")).unwrap();
    symlink("bin/same", held.join("link")).unwrap();
    fs::remove_file(held.join("bin/here")).unwrap();
    fs::create_dir(held.join("bin/here")).unwrap();
    fs::write(held.join("bin/extra"), "").unwrap();
    let damages = verify_tree(&held, want.tree()).unwrap_err();
    let seen: Vec<_> = damages.iter().map(|damage| (damage.path.to_str().unwrap(), damage.kind.clone())).collect();
    let expected = [
        ("bin", DamageKind::OtherTime),
        ("bin/empty", DamageKind::Missing),
        ("bin/extra", DamageKind::Unknown),
        ("bin/here", DamageKind::OtherKind),
        ("bin/run", DamageKind::OtherRights),
        ("bin/same", DamageKind::OtherContent),
        ("link", DamageKind::OtherContent),
    ];
    assert_eq!(seen, expected);
}
