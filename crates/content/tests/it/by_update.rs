//! Receiving by an update: what arrives is what was published, whatever happens to the pack, the held tree and the receiver.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dray_content::assemble::{AssembleError, Assembly, Outcome};
use dray_content::plan::{FetchOptions, PlanError, Way};
use dray_content::{Manifest, Tree};
use dray_model::Digest;
use proptest::prelude::*;

use crate::versions::{Making, Versions};
use crate::world::{Files, World, any_files, noise, read_folder};

/// One range for each chunk and segment.
const APART: FetchOptions = FetchOptions { gap_bytes_max: 0, range_bytes_max: 1 };

fn files(of: &[(&str, Vec<u8>)]) -> Files {
    of.iter().map(|(path, bytes)| ((*path).to_owned(), Some(bytes.clone()))).collect()
}

/// Bytes of which every thousandth differs from the noise that they are made of.
fn altered(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = noise(seed, length);
    bytes.iter_mut().step_by(1000).for_each(|byte| *byte ^= 0x55);
    bytes
}

/// Two small files that are built in one segment with the beginning of a big one, and a file that stays.
fn two_versions(world: &World) -> Versions {
    let old = [("a", noise(2, 900)), ("b", noise(3, 700)), ("big", noise(1, 450_000)), ("same", noise(4, 5000))];
    let new = [("a", altered(2, 900)), ("b", altered(3, 700)), ("big", altered(1, 450_000)), ("same", noise(4, 5000))];
    world.versions(&files(&old), &files(&new), &Making::default())
}

/// Receives the old version and opens an assembly for the new one by the update.
fn begin(world: &World, versions: &Versions) -> Assembly {
    world.receive(&Arc::new(versions.old.clone()), &[]);
    world.open(&world.plan_update(&versions.update, &[&versions.old], APART).unwrap())
}

fn accept_all(world: &World, assembly: &mut Assembly) {
    for range in assembly.missing() {
        assembly.accept(&range, &world.fetch(&range)).unwrap();
    }
}

/// Goes on from the manifest in the same staging folder; gives the bytes that were fetched.
fn fall_back(world: &World, versions: &Versions) -> u64 {
    let new = Arc::new(versions.new.clone());
    world.complete(&mut world.open(&world.plan(&new, &[&versions.old])), &new).unwrap()
}

fn damaged(assembly: &Assembly) -> Vec<String> {
    assembly.damaged().iter().map(|held| held.path.to_string()).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn content_of(bytes: &[u8]) -> Digest {
    Digest::of(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_rebuilt_from_any_other_by_an_update(
        old in any_files(),
        new in any_files(),
        segment_bytes in prop_oneof![Just(1_000usize), Just(70_000), Just(1_000_000)],
        chunked in 0usize..4,
        carried in 0usize..4,
    ) {
        let world = World::new();
        let versions = world.versions(&old, &new, &Making { segment_bytes, chunked, carried });
        if versions.old.tree() == versions.new.tree() {
            return Ok(());
        }
        let mut assembly = begin(&world, &versions);
        prop_assert!(assembly.plan().totals.built_bytes == 0 || chunked != 1);
        let fetched = world.complete(&mut assembly, &versions.new).unwrap();
        prop_assert_eq!(fetched, assembly.plan().totals.fetch_bytes);
        prop_assert_eq!(read_folder(&world.held(&versions.new)), new);
    }

    #[test]
    fn nothing_is_planned_to_be_fetched_that_is_not_needed(old in any_files(), new in any_files(), chunked in 0usize..4, carried in 0usize..4) {
        let world = World::new();
        let versions = world.versions(&old, &new, &Making { segment_bytes: 70_000, chunked, carried });
        let plan = world.plan_update(&versions.update, &[&versions.old], APART).unwrap();
        prop_assert_eq!(&plan, &world.plan_update(&versions.update, &[&versions.old], APART).unwrap());
        prop_assert_eq!(plan.totals.fetch_bytes, plan.totals.segment_bytes + plan.totals.chunk_bytes);
        if versions.old.tree() == versions.new.tree() {
            return Ok(());
        }
        let mut assembly = begin(&world, &versions);
        prop_assert_eq!(&assembly.missing(), &plan.fetch);
        let (ranges, kept) = (plan.fetch.len(), read_folder(&world.held(&versions.old)));
        for (number, range) in plan.fetch.iter().enumerate() {
            let outcome = assembly.finish(&world.held(&versions.new), &()).unwrap();
            prop_assert_eq!(outcome, Outcome::Missing(plan.fetch[number..ranges].to_vec()));
            assembly.accept(range, &world.fetch(range)).unwrap();
        }
        prop_assert_eq!(assembly.finish(&world.held(&versions.new), &()).unwrap(), Outcome::Done);
        prop_assert_eq!(read_folder(&world.held(&versions.old)), kept, "held trees are only read");
    }

    #[test]
    fn an_assembly_by_update_goes_on_after_any_number_of_ranges(
        stop in 0usize..8,
        broken in 0usize..100_000,
        segment_bytes in prop_oneof![Just(7_000usize), Just(30_000)],
    ) {
        let world = World::new();
        let (old, new) = (noise(1, 90_000), altered(1, 90_000));
        let (old, new) = (files(&[("a", old), ("b", noise(2, 50))]), files(&[("a", new), ("b", altered(2, 50))]));
        let versions = world.versions(&old, &new, &Making { segment_bytes, ..Making::default() });
        let mut assembly = begin(&world, &versions);
        let ranges = assembly.missing();
        for range in ranges.iter().take(stop) {
            assembly.accept(range, &world.fetch(range)).unwrap();
        }
        if let Some(range) = ranges.get(stop) {
            let bytes = world.fetch(range);
            assembly.accept(range, &bytes[..broken.min(bytes.len() - 1)]).unwrap();
        }
        let plan = assembly.plan().clone();
        drop(assembly);
        let mut assembly = world.open(&plan);
        prop_assert_eq!(assembly.missing(), &ranges[stop.min(ranges.len())..]);
        world.complete(&mut assembly, &versions.new).unwrap();
    }

    #[test]
    fn a_bit_flipped_in_the_held_tree_never_gives_a_wrong_file(file in 0usize..4, at: prop::sample::Index) {
        let world = World::new();
        let versions = two_versions(&world);
        let mut assembly = begin(&world, &versions);
        let path = world.held(&versions.old).join(["a", "b", "big", "same"][file]);
        let at = at.index(fs::metadata(&path).unwrap().len() as usize);
        flip(&path, at);
        accept_all(&world, &mut assembly);
        // A byte of the base that nothing is built from does no harm.
        if let Outcome::Lost(_) = assembly.finish(&world.held(&versions.new), &()).unwrap() {
            prop_assert_eq!(damaged(&assembly), [["a", "b", "big", "same"][file]]);
            drop(assembly);
            fall_back(&world, &versions);
        }
    }
}

#[test]
fn an_update_needs_a_small_part_of_what_chunks_would() {
    let world = World::new();
    let versions = two_versions(&world);
    let plan = world.plan_update(&versions.update, &[&versions.old], FetchOptions::default()).unwrap();
    let by_chunks = world.plan(&Arc::new(versions.new.clone()), &[&versions.old]);
    assert!(plan.totals.fetch_bytes * 20 < by_chunks.totals.fetch_bytes, "{}", plan.explain());
    let words = plan.explain();
    assert!(words.contains("of differences: 3 files, 451.6 kB"), "{words}");
    assert!(words.contains("copied: 1 file, 5.0 kB"), "{words}");
    let lines = plan.explain_files();
    let ways: Vec<_> = lines.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(ways, ["difference", "difference", "difference", "held"], "{lines}");
    assert!(by_chunks.explain_files().starts_with("chunks"), "{}", by_chunks.explain_files());
}

#[test]
fn the_first_download_comes_by_an_update_from_nothing() {
    let world = World::new();
    let versions =
        world.versions(&Files::new(), &files(&[("a", noise(1, 9)), ("b", noise(2, 250_000))]), &Making::default());
    assert_eq!(versions.update.from, Tree::default().digest());
    let plan = world.plan_update(&versions.update, &[], APART).unwrap();
    assert_eq!((plan.fetch.len(), plan.totals.built_bytes), (3, 250_009));
    world.complete(&mut world.open(&plan), &versions.new).unwrap();
}

#[test]
fn an_update_for_the_holder_of_another_tree_is_refused() {
    let world = World::new();
    let versions = two_versions(&world);
    let none = world.plan_update(&versions.update, &[], APART);
    assert!(matches!(none, Err(PlanError::NoBase(_))));
    let same = versions.new.tree().get(b"same").unwrap();
    let only_same = Manifest::new(Tree::new(vec![same.clone()]).unwrap(), &[], &[], Vec::new()).unwrap();
    assert!(matches!(world.plan_update(&versions.update, &[&only_same], APART), Err(PlanError::NoBase(_))));
}

#[test]
fn segments_of_what_another_held_tree_has_are_not_fetched() {
    let world = World::new();
    let versions = two_versions(&world);
    let other = files(&[("elsewhere", altered(1, 450_000)), ("a", altered(2, 900))]);
    let other = world.publish(&other, &Default::default()).manifest;
    world.receive(&Arc::new(other.clone()), &[]);
    world.receive(&Arc::new(versions.old.clone()), &[]);
    let plan = world.plan_update(&versions.update, &[&versions.old, &other], APART).unwrap();
    assert_eq!(plan.fetch.len(), 1, "the segment of the file b alone");
    let mut assembly = world.open(&plan);

    // Where that other tree is damaged, the segments are there again.
    flip(&world.held(&other).join("elsewhere"), 200_000);
    let fetched = world.complete(&mut assembly, &versions.new).unwrap();
    assert!(fetched > plan.totals.fetch_bytes);
    assert_eq!(damaged(&assembly), ["elsewhere"]);
}

#[test]
fn a_bit_flipped_on_the_way_is_refused_and_another_source_helps() {
    let world = World::new();
    let versions = two_versions(&world);
    let mut assembly = begin(&world, &versions);
    for range in assembly.missing() {
        let mut bytes = world.fetch(&range);
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            bytes[at] ^= 1;
            let refused = assembly.accept(&range, &bytes);
            assert!(matches!(refused, Err(AssembleError::Corrupt { offset, .. }) if offset == range.offset));
            bytes[at] ^= 1;
        }
        assert_eq!(assembly.missing()[0], range, "nothing of it was kept");
        assert_eq!(assembly.accept(&range, &bytes).unwrap().segments, 1);
    }
    assert_eq!(assembly.finish(&world.held(&versions.new), &()).unwrap(), Outcome::Done);
}

#[test]
fn what_a_damaged_base_spoils_is_lost_and_everything_else_is_kept() {
    let world = World::new();
    let versions = two_versions(&world);
    let mut assembly = begin(&world, &versions);
    flip(&world.held(&versions.old).join("b"), 400);
    accept_all(&world, &mut assembly);
    let outcome = assembly.finish(&world.held(&versions.new), &()).unwrap();
    let lost = [altered(3, 700), altered(1, 450_000)].map(|bytes| content_of(&bytes));
    assert_eq!(outcome, Outcome::Lost(lost.to_vec()));
    assert_eq!(damaged(&assembly), ["b"]);
    assert!(!world.held(&versions.new).exists());
    drop(assembly);
    let fetched = fall_back(&world, &versions);
    assert!(fetched < 250_000, "{fetched}: the first segment of the big file is to be fetched again, not all of it");
}

#[test]
fn a_base_that_vanished_or_became_something_else_is_lost_without_waiting_for_it() {
    type Spoil = fn(&Path);
    let gone: Spoil = |path| fs::remove_file(path).unwrap();
    let folder: Spoil = |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    };
    let short: Spoil = |path| fs::write(path, noise(1, 10)).unwrap();
    let mut spoils = vec![gone, folder, short];
    #[cfg(unix)]
    {
        let link: Spoil = |path| {
            let moved = path.with_file_name("moved");
            fs::rename(path, &moved).unwrap();
            std::os::unix::fs::symlink(moved, path).unwrap();
        };
        let pipe: Spoil = |path| {
            fs::remove_file(path).unwrap();
            assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
        };
        spoils.extend([link, pipe]);
    }
    for spoil in spoils {
        let world = World::new();
        let versions = two_versions(&world);
        let mut assembly = begin(&world, &versions);
        spoil(&world.held(&versions.old).join("big"));
        accept_all(&world, &mut assembly);
        let outcome = assembly.finish(&world.held(&versions.new), &()).unwrap();
        assert!(matches!(outcome, Outcome::Lost(_)));
        assert_eq!(damaged(&assembly), ["big"]);
        drop(assembly);
        fall_back(&world, &versions);
    }
}

#[test]
fn a_held_copy_that_is_damaged_is_lost_when_the_update_knows_no_other_way() {
    let world = World::new();
    let versions = two_versions(&world);
    let mut assembly = begin(&world, &versions);
    fs::remove_file(world.held(&versions.old).join("same")).unwrap();
    accept_all(&world, &mut assembly);
    let outcome = assembly.finish(&world.held(&versions.new), &()).unwrap();
    assert_eq!(outcome, Outcome::Lost(vec![content_of(&noise(4, 5000))]));
    drop(assembly);
    assert_eq!(fall_back(&world, &versions), 6600, "nothing but the chunk that the small files share");
}

#[test]
fn segments_that_are_damaged_in_staging_are_fetched_again() {
    let world = World::new();
    let versions = two_versions(&world);
    let mut assembly = begin(&world, &versions);
    let ranges = assembly.missing();
    accept_all(&world, &mut assembly);
    let plan = assembly.plan().clone();
    drop(assembly);
    let staged = world.path("assembly/tree");
    flip(&staged.join("big"), 150_000);
    flip(&staged.join("a"), 5);
    let mut assembly = world.open(&plan);
    assert_eq!(assembly.missing(), ranges[..2]);
    accept_all(&world, &mut assembly);
    drop(assembly);

    // The last write before a crash may be torn.
    let cut = fs::OpenOptions::new().write(true).open(staged.join("big")).unwrap();
    cut.set_len(449_999).unwrap();
    let mut assembly = world.open(&plan);
    assert_eq!(assembly.missing(), ranges[4..]);
    assert_eq!(world.complete(&mut assembly, &versions.new).unwrap(), ranges[4].length);
}

#[test]
fn an_update_that_lies_about_its_output_gives_no_wrong_file() {
    let world = World::new();
    let mut versions = two_versions(&world);
    // What is said to be one part of the big file is another.
    let segments = &mut versions.update.segments;
    let (first, second) = (segments[1].output[0], segments[2].output[0]);
    (segments[1].output[0], segments[2].output[0]) = (second, first);
    let mut assembly = begin(&world, &versions);
    accept_all(&world, &mut assembly);
    let outcome = assembly.finish(&world.held(&versions.new), &()).unwrap();
    assert_eq!(outcome, Outcome::Lost(vec![content_of(&altered(1, 450_000))]));
    assert!(assembly.damaged().is_empty() && !world.held(&versions.new).exists());
    drop(assembly);
    fall_back(&world, &versions);
}

#[test]
fn a_plan_says_which_way_each_content_goes() {
    let world = World::new();
    let (old, new) =
        (files(&[("a", noise(1, 40))]), files(&[("a", altered(1, 40)), ("b", noise(1, 40)), ("c", noise(5, 9))]));
    let versions = world.versions(&old, &new, &Making { segment_bytes: 100, chunked: 2, ..Making::default() });
    let plan = world.plan_update(&versions.update, &[&versions.old], APART).unwrap();
    let ways: Vec<_> = plan.files.iter().map(|file| file.way.clone()).collect();
    assert!(matches!(ways.as_slice(), [Way::Segments, Way::Copy(_), Way::Chunks]), "{ways:?}");
}
