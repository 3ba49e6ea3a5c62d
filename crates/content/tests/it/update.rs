//! Making updates: what they build, what they cost, and that a source which changes meanwhile is noticed.

use std::collections::HashSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use dray_content::assemble::{Assembly, Outcome as Finished};
use dray_content::ingest::{Ingested, KnownChunks};
use dray_content::manifest::{Chunk, PackInfo};
use dray_content::packed::Packed;
use dray_content::plan::FetchOptions;
use dray_content::rebuild::{Scratch, describe_manifest};
use dray_content::update::prepare::{self, Folder, Options, Outcome, PrepareError, Prepared, Source, Way, prepare};
use dray_content::{Limits, Manifest, Progress, Tree, Update};
use dray_model::Digest;
use proptest::prelude::*;

use crate::archive::{Member, zip};
use crate::rebuild::Stored;
use crate::world::{Files, World, any_files, noise, write_folder};

/// Two versions of a package, published and on disk.
pub(crate) struct Pair {
    world: World,
    old: Manifest,
    new: Ingested,
}

impl Pair {
    pub(crate) fn new(old: &Files, new: &Files) -> Self {
        let world = World::new();
        let publish = |name: &str, files: &Files, known: &KnownChunks| {
            write_folder(&world.path(name), files);
            world.publish_folder(&world.path(name), known)
        };
        let old = publish("old", old, &KnownChunks::default()).manifest;
        let new = publish("new", new, &[&old].into_iter().collect());
        Self { world, old, new }
    }

    /// The new version from nothing.
    fn from_nothing(new: &Files) -> Self {
        let pair = Self::new(&Files::new(), new);
        assert_eq!(pair.old.tree(), &Tree::default());
        pair
    }

    fn prepare(&self, options: &Options) -> Result<Outcome, PrepareError> {
        self.prepare_with(options, &())
    }

    fn prepare_with(&self, options: &Options, progress: &dyn Progress) -> Result<Outcome, PrepareError> {
        let (old_files, new_files) =
            (self.folder("old", self.old.tree()), self.folder("new", self.new.manifest.tree()));
        let old = Source { manifest: &self.old, contents: &old_files };
        let new = Source { manifest: &self.new.manifest, contents: &new_files };
        prepare(&old, &new, &self.world.path("update"), options, progress)
    }

    fn folder(&self, name: &str, tree: &Tree) -> Folder {
        Folder::new(&self.world.path(name), tree)
    }

    pub(crate) fn prepared(&self, options: &Options) -> Box<Prepared> {
        match self.prepare(options).unwrap() {
            Outcome::Prepared(prepared) => prepared,
            Outcome::NotWorthIt(totals) => panic!("not worth it: {totals:?}"),
        }
    }

    /// Sends the update to a point that holds the packs of the old tree and to a receiver that holds the old tree, and checks what
    /// they make of it.
    pub(crate) fn assert_builds(&self, prepared: &Prepared) {
        self.assert_replicates(prepared);
        let mut assembly = self.assembly(prepared);
        self.world.complete(&mut assembly, &self.new.manifest).unwrap();
        assert_eq!(assembly.damaged(), []);
    }

    /// A point makes the manifest and the packs of the new tree to the bit, and fetches what is left to chunks.
    fn assert_replicates(&self, prepared: &Prepared) {
        for pack in &prepared.packs {
            fs::copy(&pack.path, self.world.path("packs").join(pack.digest.to_string())).unwrap();
        }
        let difference = describe_manifest(&self.old, &self.new.manifest, &prepared.update).unwrap();
        let (packs, folder) = (Stored(self.world.path("packs")), self.world.path("scratch"));
        fs::create_dir_all(&folder).unwrap();
        let scratch = Scratch::build(&prepared.update, &Packed::new(&self.old, &packs), &packs, &folder).unwrap();
        let manifest = scratch.manifest(&difference, &self.old, &prepared.update).unwrap();
        assert_eq!(Digest::of(&manifest.encode().unwrap()), self.new.manifest_digest);
        let chunked: HashSet<Digest> = prepared.update.manifest.chunks().iter().map(|chunk| chunk.digest).collect();
        for pack in &self.new.packs {
            let info = PackInfo { digest: pack.digest, size: pack.size };
            let mut out = tempfile::tempfile().unwrap();
            let written = scratch.write_pack(&manifest, &info, &mut out).unwrap();
            let is_hole = |chunk: &&Chunk| written.holes.iter().any(|hole| hole.contains(&chunk.offset));
            let of_pack = manifest.chunks().iter().filter(|chunk| manifest.pack_of(chunk).digest == pack.digest);
            assert!(of_pack.filter(is_hole).all(|chunk| chunked.contains(&chunk.digest)));
        }
    }

    /// What the receiver begins with: the old tree, the update as it is sent, and packs.
    fn assembly(&self, prepared: &Prepared) -> Assembly {
        let (from, to) = (self.old.tree(), self.new.manifest.tree().digest());
        let update = Update::decode(&prepared.bytes, from, &to, &Limits::default()).unwrap();
        assert_eq!(update, prepared.update);
        for pack in &prepared.packs {
            fs::copy(&pack.path, self.world.path("packs").join(pack.digest.to_string())).unwrap();
        }
        let held = self.world.held(&self.old);
        fs::create_dir_all(held.parent().unwrap()).unwrap();
        fs::rename(self.world.path("old"), held).unwrap();
        self.world.open(&self.world.plan_update(&update, &[&self.old], FetchOptions::default()).unwrap())
    }
}

/// Everything small, so that little files need several segments, jobs and packs.
fn small() -> Options {
    Options {
        segment_bytes_max: 8 << 10,
        pack_bytes_max: 20 << 10,
        threads: NonZeroUsize::new(2).unwrap(),
        ..Options::default()
    }
}

pub(crate) fn files(files: &[(&str, Vec<u8>)]) -> Files {
    files.iter().map(|(path, bytes)| ((*path).to_owned(), Some(bytes.clone()))).collect()
}

/// Text that zstd shortens, different for each seed.
fn text(seed: u64, words: usize) -> Vec<u8> {
    noise(seed, words).iter().flat_map(|byte| format!("word{} ", byte % 32).into_bytes()).collect()
}

/// The same with another byte every `step` bytes, so that no chunk stays the same.
fn rebuilt(bytes: &[u8], step: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.iter_mut().step_by(step).for_each(|byte| *byte ^= 1);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_update_builds_every_file_for_less(old in any_files(), new in any_files()) {
        prop_assume!(old != new);
        let pair = Pair::new(&old, &new);
        if let Outcome::Prepared(prepared) = pair.prepare(&small()).unwrap() {
            prop_assert!(prepared.totals.fetch_bytes() < prepared.totals.without_bytes);
            pair.assert_builds(&prepared);
        } else {
            prop_assert!(!pair.world.path("update").exists());
        }
    }
}

#[test]
fn a_rebuilt_file_costs_a_few_bytes_for_each_change() {
    let old = noise(1, 300_000);
    let pair = Pair::new(&files(&[("a", old.clone())]), &files(&[("a", rebuilt(&old, 10_000))]));
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    assert!(prepared.totals.fetch_bytes() < 1000, "{:?}", prepared.totals);
    assert!(prepared.totals.without_bytes > 300_000, "{:?}", prepared.totals);
}

#[test]
fn small_differences_come_with_the_update_and_nothing_else_is_fetched() {
    let old: Vec<_> = (0..4).map(|number| noise(number, 300_000)).collect();
    let names = ["a", "b", "c", "d"];
    let versions = |contents: &[Vec<u8>]| -> Files {
        names.iter().zip(contents).map(|(name, bytes)| ((*name).to_owned(), Some(bytes.clone()))).collect()
    };
    let new: Vec<_> = old.iter().map(|bytes| rebuilt(bytes, 90_000)).collect();
    let pair = Pair::new(&versions(&old), &versions(&new));
    let options = Options { segment_bytes_max: 1 << 20, ..Options::default() };
    let prepared = pair.prepared(&options);
    assert!(prepared.update.segments.len() > 1 && prepared.packs.is_empty());
    assert_eq!(prepared.totals.fetch_bytes(), prepared.bytes.len() as u64);
    assert_eq!(pair.assembly(&prepared).missing(), []);
    let pair = Pair::new(&versions(&old), &versions(&new));
    pair.assert_builds(&prepared);
}

#[test]
fn a_file_longer_than_a_job_is_built_from_windows_of_its_base() {
    let old = noise(1, 900_000);
    let new = [noise(2, 5000), rebuilt(&old, 4000)].concat();
    let pair = Pair::new(&files(&[("a", old)]), &files(&[("a", new)]));
    let prepared = pair.prepared(&small());
    pair.assert_builds(&prepared);
    assert!(prepared.update.segments.len() > 100);
    assert!(prepared.update.segments.iter().all(|segment| segment.base_length() <= 32 * (8 << 10)));
    assert_eq!((prepared.choices.len(), prepared.choices[0].way), (1, Way::Segments));
    assert!(prepared.packs.len() > 1 || prepared.totals.segment_bytes < 20 << 10);
}

#[test]
fn a_renamed_and_rebuilt_file_is_found_by_its_content() {
    let (one, two) = (noise(1, 200_000), noise(2, 200_000));
    let old = files(&[("lib/one.so", one.clone()), ("lib/two.so", two)]);
    let new = files(&[("other/name.so", rebuilt(&one, 15_000))]);
    let prepared = Pair::new(&old, &new).prepared(&Options::default());
    assert_eq!(prepared.update.segments[0].base[0].content, Digest::of(&one));
    assert!(prepared.totals.fetch_bytes() < 2000, "{:?}", prepared.totals);
}

#[test]
fn a_small_file_is_found_by_a_name_that_differs_in_its_version() {
    let metadata = text(1, 400);
    let old = files(&[("numpy-2.3.4.dist-info/METADATA", metadata.clone()), ("z", noise(3, 100))]);
    let new = files(&[("numpy-2.3.5.dist-info/METADATA", rebuilt(&metadata, 700)), ("z", noise(3, 100))]);
    let prepared = Pair::new(&old, &new).prepared(&Options::default());
    assert_eq!(prepared.update.segments[0].base[0].content, Digest::of(&metadata));
}

#[test]
fn files_that_swapped_their_names_are_found_by_their_content() {
    let (one, two) = (noise(1, 900_000), noise(2, 900_000));
    let tail = noise(3, 1000);
    let old = files(&[("log.1", one.clone()), ("log.2", two.clone())]);
    let new = files(&[("log.1", [&two[..], &tail].concat()), ("log.2", [&one[..], &tail].concat())]);
    let prepared = Pair::new(&old, &new).prepared(&Options::default());
    assert!(prepared.totals.fetch_bytes() < 4000, "{:?}", prepared.totals);
}

#[test]
fn small_files_share_a_segment() {
    let file = |number: u64, change: usize| (format!("f{number:02}"), Some(rebuilt(&text(number, 300), change)));
    let old: Files = (0..40).map(|number| file(number, 100_000)).collect();
    let new: Files = (0..40).map(|number| file(number, 500)).collect();
    let pair = Pair::new(&old, &new);
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    assert_eq!(prepared.update.segments.len(), 1);
    assert_eq!((prepared.choices.len(), prepared.choices[0].files), (1, 40));
}

#[test]
fn a_new_file_that_cannot_be_compressed_comes_in_its_chunks() {
    let old = files(&[("a", text(1, 9000))]);
    let new = files(&[("a", rebuilt(&text(1, 9000), 3000)), ("b", noise(2, 1_200_000))]);
    let pair = Pair::new(&old, &new);
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    let ways: Vec<_> = prepared.choices.iter().map(|choice| (choice.path.to_string(), choice.way)).collect();
    assert!(ways.contains(&("b".to_owned(), Way::Chunks)), "{ways:?}");
    assert_eq!(prepared.choices.iter().find(|choice| choice.path.as_bytes() == b"b").unwrap().segment_bytes, None);
    assert!(prepared.update.manifest.recipe(&Digest::of(&noise(2, 1_200_000))).is_some());
}

/// Noise, and noise that is in the base far away from there: what the search passes over must not be what it was to find.
#[test]
fn what_is_alike_in_a_file_that_else_is_not_costs_nothing() {
    let shared = [noise(1, 3000), noise(2, 700_000), noise(3, 150)];
    let old = [noise(10, 500_000), shared[0].clone(), noise(11, 300_000), shared.concat(), noise(12, 90_000)].concat();
    let new =
        [noise(20, 400_000), shared[1].clone(), noise(21, 600_000), shared[0].clone(), noise(22, 80_000)].concat();
    let pair = Pair::new(&files(&[("a", old)]), &files(&[("a", new.clone())]));
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    let unlike = (new.len() - 703_000) as u64;
    assert!(prepared.totals.fetch_bytes() < unlike + 1000, "{:?}, {unlike} bytes are new", prepared.totals);
}

#[test]
fn of_a_file_with_nothing_of_the_old_one_no_segment_names_a_base() {
    let new = [noise(2, 600_000), text(3, 20_000), noise(4, 600_000)].concat();
    let pair = Pair::new(&files(&[("a", noise(1, 1_300_000))]), &files(&[("a", new)]));
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    assert!(prepared.update.segments.iter().all(|segment| segment.base.is_empty()));
}

#[test]
fn a_useless_base_is_not_used() {
    let old = files(&[("a", noise(1, 100_000))]);
    let new = files(&[("a", text(2, 20_000))]);
    let pair = Pair::new(&old, &new);
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    let alone = Pair::from_nothing(&new).prepared(&Options::default());
    assert!(prepared.totals.segment_bytes <= alone.totals.segment_bytes);
}

/// Two versions of an archive of which one member changed a little.
fn archives() -> Pair {
    let body = text(2, 8000);
    archives_of(&body, &rebuilt(&body, 5000))
}

fn archives_of(body: &[u8], new_body: &[u8]) -> Pair {
    let same = text(1, 4000);
    let archive = |body: &[u8]| zip(&[Member::new("same", &same), Member::new("body", body)]);
    let old = files(&[("a.zip", archive(body)), ("b", text(3, 90))]);
    let new = files(&[("a.zip", archive(new_body)), ("b", text(4, 90))]);
    Pair::new(&old, &new)
}

#[test]
fn an_archive_is_opened_and_closed() {
    let pair = archives();
    let prepared = pair.prepared(&Options::default());
    assert_eq!((prepared.update.forms.bases.len(), prepared.update.forms.containers.len()), (1, 1));
    assert!(prepared.totals.fetch_bytes() < 2000, "{:?}", prepared.totals);
    assert!(prepared.totals.without_bytes > 10_000, "{:?}", prepared.totals);
    let staged = fs::read_dir(pair.world.path("update")).unwrap().count();
    assert_eq!(staged, prepared.packs.len());
    pair.assert_builds(&prepared);
}

#[test]
fn a_closed_archive_is_not_built_again() {
    let body = text(2, 8000);
    let pair = archives_of(&body, &[&rebuilt(&body, 5000)[..], &noise(5, 20_000)].concat());
    let prepared = pair.prepared(&small());
    let carried = prepared.update.segments.iter().filter(|segment| segment.packed().is_none()).count();
    assert!(carried > 0 && carried < prepared.update.segments.len());
    let mut assembly = pair.assembly(&prepared);
    let Finished::Missing(ranges) = assembly.finish(&pair.world.held(&pair.new.manifest), &()).unwrap() else {
        panic!("nothing was fetched so far");
    };
    for range in &ranges {
        assembly.accept(range, &pair.world.fetch(range)).unwrap();
    }
    let plan = assembly.plan().clone();
    drop(assembly);
    // The forms are there, and after them the file itself.
    let mut again = pair.world.open(&plan);
    assert_eq!(again.missing(), []);
    fs::create_dir(pair.world.held(&pair.new.manifest)).unwrap();
    assert!(again.finish(&pair.world.held(&pair.new.manifest), &()).is_err());
    fs::remove_dir(pair.world.held(&pair.new.manifest)).unwrap();
    assert_eq!(pair.world.complete(&mut again, &pair.new.manifest).unwrap(), 0);
}

#[test]
fn a_damaged_archive_as_base_is_named_and_its_successor_lost() {
    let pair = archives();
    let prepared = pair.prepared(&Options::default());
    let mut assembly = pair.assembly(&prepared);
    let damaged = pair.world.held(&pair.old).join("a.zip");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() * 3 / 4;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    for range in assembly.missing() {
        assembly.accept(&range, &pair.world.fetch(&range)).unwrap();
    }
    let lost = assembly.finish(&pair.world.held(&pair.new.manifest), &()).unwrap();
    let tree = pair.new.manifest.tree();
    let archive = tree.files().find(|(path, _)| path.as_bytes() == b"a.zip").unwrap().1.digest;
    assert!(matches!(&lost, Finished::Lost(contents) if contents.contains(&archive)), "{lost:?}");
    assert!(assembly.damaged().iter().any(|held| held.path.as_bytes() == b"a.zip"));
}

#[test]
fn the_update_from_nothing_is_smaller_than_the_chunks() {
    let new: Files = (0..30).map(|number| (format!("f{number:02}"), Some(text(number, 10_000)))).collect();
    let pair = Pair::from_nothing(&new);
    let prepared = pair.prepared(&Options::default());
    pair.assert_builds(&prepared);
    assert!(prepared.totals.fetch_bytes() < prepared.totals.without_bytes * 9 / 10, "{:?}", prepared.totals);
    assert!(prepared.update.segments.iter().all(|segment| segment.base.is_empty()));
}

#[test]
fn the_update_is_the_same_with_any_number_of_threads() {
    let (a, b) = (noise(1, 90_000), text(2, 9_000));
    let small_files = |step: usize| (0..50u64).map(move |n| (format!("s{n:02}"), Some(rebuilt(&text(n, 200), step))));
    let mut old = files(&[("a", a.clone()), ("b", b.clone()), ("d", noise(4, 50_000))]);
    let mut new = files(&[("a", rebuilt(&a, 900)), ("b", rebuilt(&b, 700)), ("c", noise(3, 40_000))]);
    old.extend(small_files(100_000));
    new.extend(small_files(333));
    let pair = Pair::new(&old, &new);
    let with = |threads: usize| {
        let options = Options { threads: NonZeroUsize::new(threads).unwrap(), ..small() };
        let prepared = pair.prepared(&options);
        fs::remove_dir_all(pair.world.path("update")).unwrap();
        (prepared.digest, prepared.bytes, prepared.choices, prepared.packs.iter().map(|p| p.digest).collect::<Vec<_>>())
    };
    assert_eq!(with(1), with(5));
}

#[test]
fn a_content_that_changed_meanwhile_is_noticed_and_nothing_is_left() {
    let bytes = noise(1, 300_000);
    for (folder, path) in [("old", "a"), ("new", "a")] {
        for options in [Options::default(), small()] {
            let pair = Pair::new(&files(&[("a", bytes.clone())]), &files(&[("a", rebuilt(&bytes, 3000))]));
            overwrite(&pair.world.path(folder).join(path));
            let refused = pair.prepare(&options).unwrap_err();
            assert!(matches!(refused, PrepareError::Changed(_)), "{refused}");
            assert!(!pair.world.path("update").exists());
            fs::remove_file(pair.world.path(folder).join(path)).unwrap();
            assert!(matches!(pair.prepare(&options), Err(PrepareError::Read { .. })));
        }
    }
}

fn overwrite(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_cancelled_update_leaves_nothing() {
    struct Cancelled;
    impl Progress for Cancelled {
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let pair = Pair::new(&files(&[("a", text(1, 300))]), &files(&[("a", text(2, 300))]));
    assert!(matches!(pair.prepare_with(&Options::default(), &Cancelled), Err(PrepareError::Cancelled)));
    assert!(!pair.world.path("update").exists());
}

#[test]
fn progress_ends_at_the_announced_total() {
    #[derive(Default)]
    struct Counted(std::sync::Mutex<[(u64, u64); 2]>);
    impl Progress for Counted {
        fn total(&self, files: u64, bytes: u64) {
            self.0.lock().unwrap()[0] = (files, bytes);
        }
        fn advance(&self, files: u64, bytes: u64) {
            let done = &mut self.0.lock().unwrap()[1];
            *done = (done.0 + files, done.1 + bytes);
        }
    }
    let bytes = noise(1, 300_000);
    let old = files(&[("a", bytes.clone()), ("s", text(1, 90))]);
    let new = files(&[("a", rebuilt(&bytes, 3000)), ("b", noise(2, 70_000)), ("s", text(3, 90)), ("t", text(4, 90))]);
    let counted = Counted::default();
    Pair::new(&old, &new).prepare_with(&small(), &counted).unwrap();
    let [total, done] = *counted.0.lock().unwrap();
    assert_eq!((total, total.0), (done, 4));
}

#[test]
fn a_manifest_without_recipes_is_refused() {
    let pair = Pair::new(&files(&[("a", text(1, 90))]), &files(&[("a", text(2, 90))]));
    let bare = Manifest::new(pair.new.manifest.tree().clone(), &[], &[], vec![]).unwrap();
    let (old_files, new_files) = (pair.folder("old", pair.old.tree()), pair.folder("new", bare.tree()));
    let old = Source { manifest: &pair.old, contents: &old_files };
    let new = Source { manifest: &bare, contents: &new_files };
    let refused = prepare::prepare(&old, &new, &pair.world.path("update"), &Options::default(), &());
    assert!(matches!(refused, Err(PrepareError::NoRecipe(_))));
}
