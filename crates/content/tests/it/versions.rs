//! Updates made by hand, so that tests decide what is built from what.

use std::collections::{BTreeMap, HashMap};
use std::fs;

use dray_content::difference::{Base, Level, encode, uncompressed};
use dray_content::ingest::KnownChunks;
use dray_content::manifest::{PackInfo, Recipe};
use dray_content::pack::PackWriter;
use dray_content::update::{BasePart, Forms, OutputPart, PackedAt, Place, Segment};
use dray_content::{Manifest, Update};
use dray_model::Digest;

use crate::world::{Files, World};

/// How an update is made.
pub(crate) struct Making {
    /// Longest output of a segment.
    pub(crate) segment_bytes: usize,
    /// Of how many contents each second to last is built from chunks; 0 for none.
    pub(crate) chunked: usize,
    /// Of how many segments each last is carried; 0 for none.
    pub(crate) carried: usize,
}

impl Default for Making {
    fn default() -> Self {
        Self { segment_bytes: 100_000, chunked: 0, carried: 0 }
    }
}

/// Two published versions, and the update from the first to the second.
pub(crate) struct Versions {
    pub(crate) old: Manifest,
    pub(crate) new: Manifest,
    pub(crate) update: Update,
}

impl World {
    /// Publishes both and makes the update between them.
    pub(crate) fn versions(&self, old: &Files, new: &Files, making: &Making) -> Versions {
        let old_manifest = self.publish(old, &KnownChunks::default()).manifest;
        let new_manifest = self.publish(new, &KnownChunks::default()).manifest;
        let update = self.update(&old_manifest, old, &new_manifest, new, making);
        Versions { old: old_manifest, new: new_manifest, update }
    }

    fn update(&self, old: &Manifest, old_files: &Files, new: &Manifest, new_files: &Files, making: &Making) -> Update {
        let (old_bytes, new_bytes) = (by_content(old_files), by_content(new_files));
        let base_of = bases(old_files, new_files);
        let contents = new.tree().contents().into_iter().map(|(content, _)| content);
        let lacking: Vec<Digest> = contents.filter(|content| !old_bytes.contains_key(content)).collect();
        let is_chunked = |number: usize| making.chunked > 0 && number % making.chunked == making.chunked - 1;
        let (chunked, built): (Vec<_>, Vec<_>) =
            lacking.iter().enumerate().partition(|(number, _)| is_chunked(*number));
        let mut maker = Maker::new(&old_bytes, &new_bytes, making.carried);
        for outputs in cut(built.into_iter().map(|(_, content)| *content), &new_bytes, making.segment_bytes) {
            maker.add(outputs, &base_of);
        }
        let (pack, segments) = maker.finish(self);
        let recipe = |content: &Digest| Recipe { content: *content, pieces: new.recipe(content).unwrap().to_vec() };
        let recipes = chunked.into_iter().map(|(_, content)| recipe(content)).collect();
        let manifest = Manifest::new(new.tree().clone(), new.packs(), new.chunks(), recipes).unwrap();
        Update {
            from: old.tree().digest(),
            manifest,
            packs: pack.into_iter().collect(),
            segments,
            relocations: vec![],
            forms: Forms::default(),
        }
    }
}

fn by_content(files: &Files) -> HashMap<Digest, &[u8]> {
    files.values().flatten().map(|bytes| (Digest::of(bytes), bytes.as_slice())).collect()
}

/// For each new content the old one at the same path.
fn bases(old: &Files, new: &Files) -> BTreeMap<Digest, Digest> {
    let pair = |(path, bytes): (&String, &Option<Vec<u8>>)| {
        let old = old.get(path)?.as_ref().filter(|old| !old.is_empty())?;
        Some((Digest::of(bytes.as_ref()?), Digest::of(old)))
    };
    new.iter().filter_map(pair).collect()
}

/// Lays contents end to end and cuts them into outputs of `length` bytes: a segment may hold many files, or a part of one.
fn cut(contents: impl Iterator<Item = Digest>, bytes: &HashMap<Digest, &[u8]>, length: usize) -> Vec<Vec<OutputPart>> {
    let mut outputs = vec![Vec::new()];
    let mut room = length;
    for content in contents {
        let (size, mut offset) = (bytes[&content].len(), 0);
        while offset < size {
            if room == 0 {
                outputs.push(Vec::new());
                room = length;
            }
            let taken = room.min(size - offset);
            let part = OutputPart { content, offset: offset as u64, length: taken as u32 };
            outputs.last_mut().unwrap().push(part);
            (offset, room) = (offset + taken, room - taken);
        }
    }
    outputs.retain(|output| !output.is_empty());
    outputs
}

struct Maker<'a> {
    old: &'a HashMap<Digest, &'a [u8]>,
    new: &'a HashMap<Digest, &'a [u8]>,
    pack: PackWriter<Vec<u8>>,
    segments: Vec<Segment>,
    carried: usize,
}

impl<'a> Maker<'a> {
    fn new(old: &'a HashMap<Digest, &'a [u8]>, new: &'a HashMap<Digest, &'a [u8]>, carried: usize) -> Self {
        Self { old, new, pack: PackWriter::new(Vec::new()).unwrap(), segments: Vec::new(), carried }
    }

    fn add(&mut self, output: Vec<OutputPart>, base_of: &BTreeMap<Digest, Digest>) {
        let mut bases: Vec<Digest> = output.iter().filter_map(|part| base_of.get(&part.content)).copied().collect();
        bases.dedup();
        let base: Vec<BasePart> = bases
            .into_iter()
            .map(|content| BasePart { content, offset: 0, length: self.old[&content].len() as u64 })
            .collect();
        let base_bytes: Vec<u8> = base.iter().flat_map(|part| self.old[&part.content]).copied().collect();
        let of = |part: &OutputPart| &self.new[&part.content][part.offset as usize..][..part.length as usize];
        let plain: Vec<u8> = output.iter().flat_map(of).copied().collect();
        let stored = encode(&Base::new(&base_bytes), &plain, Level::Publish);
        let is_whole = output.iter().all(|part| part.length as usize == self.new[&part.content].len());
        let digest = (!is_whole).then(|| Digest::of(&plain));
        let place = if self.carried > 0 && self.segments.len() % self.carried == self.carried - 1 {
            Place::Carried(uncompressed(&stored, plain.len() as u64).unwrap().into())
        } else {
            let (digest, length) = (Digest::of(&stored), stored.len() as u32);
            let offset = self.pack.append(digest, length, &stored).unwrap().offset;
            Place::Packed(PackedAt { pack: 0, offset, length, digest })
        };
        self.segments.push(Segment { base, output, place, digest });
    }

    fn finish(mut self, world: &World) -> (Option<PackInfo>, Vec<Segment>) {
        self.segments.sort_by_key(|segment| segment.packed().is_some());
        if self.segments.iter().all(|segment| segment.packed().is_none()) {
            return (None, self.segments);
        }
        let pack = self.pack.finish().unwrap();
        fs::write(world.path("packs").join(pack.digest.to_string()), pack.out).unwrap();
        (Some(PackInfo { digest: pack.digest, size: pack.size }), self.segments)
    }
}
