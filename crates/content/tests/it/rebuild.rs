//! Packs of a new content, made from the packs of the old one and differences.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use dray_content::difference::{Base, Level, encode, uncompressed};
use dray_content::ingest::{Ingested, KnownChunks};
use dray_content::manifest::PackInfo;
use dray_content::pack::PackWriter;
use dray_content::packed::{Packed, Packs};
use dray_content::rebuild::{RebuildError, Scratch};
use dray_content::update::{BasePart, Forms, OutputPart, PackedAt, Place, Segment};
use dray_content::{Manifest, Update};
use dray_model::Digest;

use crate::world::{Files, World, noise};

/// The packs of a world.
pub(crate) struct Stored(pub(crate) PathBuf);

impl Packs for Stored {
    fn read(&self, pack: &Digest, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut file = File::open(self.0.join(pack.to_string()))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }
}

/// Two versions: a large file with two changes, small files of which one changed, and one that is altogether new.
struct Versions {
    world: World,
    old: Ingested,
    new: Ingested,
    contents: BTreeMap<&'static str, Vec<u8>>,
}

impl Versions {
    fn publish() -> Self {
        let world = World::new();
        let mut large = noise(1, 700_000);
        large.extend(b"text ".repeat(40_000));
        let old = [("large", large.clone()), ("a", noise(2, 900)), ("b", noise(3, 900))];
        large[300_000] ^= 1;
        large.splice(500_000..500_000, noise(4, 100));
        let mut a = noise(2, 900);
        a[450] ^= 1;
        let new = [("large", large), ("a", a), ("b", noise(3, 900)), ("new", noise(5, 200_000))];
        let files = |files: &[(&str, Vec<u8>)]| -> Files {
            files.iter().map(|(path, bytes)| ((*path).to_owned(), Some(bytes.clone()))).collect()
        };
        let published = world.publish(&files(&old), &KnownChunks::default());
        let next = world.publish(&files(&new), &[&published.manifest].into_iter().collect());
        Self { world, old: published, new: next, contents: new.into() }
    }

    fn packs(&self) -> Stored {
        Stored(self.world.path("packs"))
    }

    /// An update that builds `paths` from differences, and leaves the others to chunks.
    fn update(&self, paths: &[&str]) -> Update {
        let packs = self.packs();
        let old = Packed::new(&self.old.manifest, &packs);
        let mut writer = PackWriter::new(Vec::new()).unwrap();
        let mut segments = Vec::new();
        for path in paths {
            let new = &self.contents[path];
            let held = self.old.manifest.tree().get(path.as_bytes()).and_then(|entry| match entry.node {
                dray_content::Node::File(file) => Some(file),
                _ => None,
            });
            let mut bytes = Vec::new();
            if let Some(held) = held {
                old.content(&held.digest).unwrap().copy_to(&mut bytes).unwrap();
            }
            let difference = encode(&Base::new(&bytes), new, Level::Publish);
            let digest = Digest::of(&difference);
            let stored = writer.append(digest, difference.len() as u32, &difference).unwrap();
            segments.push(Segment {
                base: held
                    .map(|held| BasePart { content: held.digest, offset: 0, length: held.size })
                    .into_iter()
                    .collect(),
                output: vec![OutputPart { content: Digest::of(new), offset: 0, length: new.len() as u32 }],
                place: Place::Packed(PackedAt { pack: 0, offset: stored.offset, length: stored.stored_length, digest }),
                digest: None,
            });
        }
        let pack = writer.finish().unwrap();
        fs::write(self.world.path("packs").join(pack.digest.to_string()), &pack.out).unwrap();
        let manifest = Manifest::new(self.new.manifest.tree().clone(), &[], &[], vec![]).unwrap();
        let packs = vec![PackInfo { digest: pack.digest, size: pack.size }];
        Update { from: self.old.content, manifest, packs, segments, relocations: vec![], forms: Forms::default() }
    }

    fn scratch(&self, update: &Update) -> Result<Scratch, RebuildError> {
        let packs = self.packs();
        let folder = self.world.path("scratch");
        fs::create_dir_all(&folder).unwrap();
        Scratch::build(update, &Packed::new(&self.old.manifest, &packs), &packs, &folder)
    }

    /// The packs that the new version brought.
    fn new_packs(&self) -> Vec<PackInfo> {
        let staged = self.new.packs.iter().map(|pack| PackInfo { digest: pack.digest, size: pack.size });
        staged.collect()
    }

    /// A pack as far as it can be put together; what is missing comes from the store.
    fn complete(&self, scratch: &Scratch, pack: &PackInfo) -> (Vec<u8>, u64) {
        let path = self.world.path("rebuilt");
        let mut file = File::options().create(true).truncate(true).read(true).write(true).open(&path).unwrap();
        let written = scratch.write_pack(&self.new.manifest, pack, &mut file).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let mut fetched = 0;
        for hole in written.holes {
            let hole = hole.start as usize..hole.end as usize;
            fetched += hole.len() as u64;
            self.packs().read(&pack.digest, hole.start as u64, &mut bytes[hole]).unwrap();
        }
        (bytes, fetched)
    }
}

#[test]
fn packs_are_rebuilt_to_the_byte_without_fetching_anything_of_them() {
    let versions = Versions::publish();
    let scratch = versions.scratch(&versions.update(&["large", "a", "new"])).unwrap();
    assert_eq!(scratch.len(), 3);
    assert!(!versions.new_packs().is_empty());
    for pack in versions.new_packs() {
        let (bytes, fetched) = versions.complete(&scratch, &pack);
        assert_eq!((Digest::of(&bytes), fetched), (pack.digest, 0));
    }
}

#[test]
fn what_the_update_carries_is_rebuilt_without_its_packs() {
    let versions = Versions::publish();
    let mut update = versions.update(&["large", "a", "new"]);
    for segment in &mut update.segments {
        let at = *segment.packed().unwrap();
        let mut stored = vec![0; at.length as usize];
        versions.packs().read(&update.packs[0].digest, at.offset, &mut stored).unwrap();
        segment.place = Place::Carried(uncompressed(&stored, segment.length()).unwrap().into());
    }
    update.packs.clear();
    assert_eq!(versions.scratch(&update).unwrap().len(), 3);
}

#[test]
fn what_the_update_leaves_to_chunks_is_a_hole() {
    let versions = Versions::publish();
    let scratch = versions.scratch(&versions.update(&["large", "a"])).unwrap();
    let mut fetched = 0;
    for pack in versions.new_packs() {
        let (bytes, holes) = versions.complete(&scratch, &pack);
        assert_eq!(Digest::of(&bytes), pack.digest);
        fetched += holes;
    }
    let chunks = versions.new.manifest.recipe(&Digest::of(&versions.contents["new"])).unwrap();
    let stored = chunks.iter().map(|piece| versions.new.manifest.chunks()[piece.chunk as usize].stored_length);
    assert_eq!(fetched, stored.map(u64::from).sum::<u64>());
}

#[test]
fn a_damaged_segment_or_base_is_refused_and_the_scratch_folder_goes() {
    let versions = Versions::publish();
    let update = versions.update(&["large"]);
    let damage = |pack: Digest, at: u64| {
        let path = versions.world.path("packs").join(pack.to_string());
        let mut bytes = fs::read(&path).unwrap();
        bytes[at as usize] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let mut lie = update.clone();
    lie.segments[0].digest = Some(Digest::of(b"other"));
    assert!(matches!(versions.scratch(&lie), Err(RebuildError::Output(_))));
    damage(update.packs[0].digest, update.segments[0].packed().unwrap().offset);
    assert!(matches!(versions.scratch(&update), Err(RebuildError::Segment { .. })));
    damage(update.packs[0].digest, update.segments[0].packed().unwrap().offset);
    damage(versions.old.packs[0].digest, 100);
    assert!(matches!(versions.scratch(&update), Err(RebuildError::Segment { .. })));
    assert!(!versions.world.path("scratch").exists());
}

#[test]
fn a_pack_of_which_the_manifest_lists_only_a_part_is_left_alone() {
    let versions = Versions::publish();
    let scratch = versions.scratch(&versions.update(&["large"])).unwrap();
    let mut out = tempfile::tempfile().unwrap();
    let first = &versions.old.packs[0];
    let pack = PackInfo { digest: first.digest, size: first.size };
    let written = scratch.write_pack(&versions.new.manifest, &pack, &mut out);
    assert!(matches!(written, Err(RebuildError::Unlisted(_))), "{written:?}");
}

#[test]
fn contents_are_read_from_packs_at_any_place() {
    use dray_content::read_at::ReadAt as _;
    let versions = Versions::publish();
    let packs = versions.packs();
    let packed = Packed::new(&versions.new.manifest, &packs);
    for bytes in versions.contents.values() {
        let content = packed.content(&Digest::of(bytes)).unwrap();
        assert_eq!(content.length(), bytes.len() as u64);
        let middle = bytes.len() / 3..bytes.len() - 7;
        let mut out = vec![0; middle.len()];
        content.read_at(middle.start as u64, &mut out).unwrap();
        assert_eq!(out, bytes[middle]);
        assert!(content.read_at(bytes.len() as u64 - 1, &mut [0; 2]).is_err());
    }
    assert!(packed.content(&Digest::of(b"unknown")).is_none());
    assert_eq!(packed.content(&Digest::of(b"")).unwrap().length(), 0);
}
