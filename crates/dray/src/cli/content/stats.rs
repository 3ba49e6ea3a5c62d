//! `dray content stats`: what a store holds, by kind of object.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use dray_content::ObjectName;
use dray_content::store::FolderStore;
use dray_model::api::content::ObjectSums;
use serde::Serialize;

use super::site::Asking;
use super::store::AnyStoreOption;
use crate::error::Outcome;
use crate::output::{Fields, Output, Shown, bytes, count};

/// Arguments of `content stats`.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    store: AnyStoreOption,
}

/// As the site tells it of its store.
#[derive(Debug, Default, Serialize)]
struct Sums {
    contents: ObjectSums,
    manifests: ObjectSums,
    packs: ObjectSums,
    updates: ObjectSums,
    segments: ObjectSums,
    manifest_differences: ObjectSums,
    unneeded: ObjectSums,
}

impl Stats {
    pub(super) fn run(self, output: Output, site: &Asking<'_>) -> Outcome {
        match self.store.folder() {
            Some(store) => output.show(&Sums::of(&store.open()?)?),
            None => site.stats(),
        }
    }
}

impl Sums {
    fn of(store: &FolderStore) -> Outcome<Self> {
        let reach = store.reach()?;
        let mut sums = Self::default();
        let sizes: BTreeMap<_, _> =
            reach.contents.iter().map(|content| (content.content, content.size_bytes)).collect();
        sizes.values().for_each(|size| add(&mut sums.contents, *size));
        let of_chunks: BTreeSet<_> =
            reach.contents.iter().flat_map(|content| &content.packs).map(|pack| pack.digest).collect();
        let of_updates: BTreeSet<_> =
            reach.updates.iter().flat_map(|update| &update.packs).map(|pack| pack.digest).collect();
        for found in store.objects().all()? {
            let kind = match found.name {
                ObjectName::Manifest(_) => &mut sums.manifests,
                ObjectName::Update(_) => &mut sums.updates,
                ObjectName::ManifestDifference(_) => &mut sums.manifest_differences,
                ObjectName::Pack(digest) if of_chunks.contains(&digest) => &mut sums.packs,
                ObjectName::Pack(digest) if of_updates.contains(&digest) => &mut sums.segments,
                ObjectName::Pack(_) => &mut sums.unneeded,
            };
            add(kind, found.size_bytes);
        }
        Ok(sums)
    }
}

fn add(sums: &mut ObjectSums, size_bytes: u64) {
    sums.count += 1;
    sums.bytes += size_bytes;
}

/// Some objects in words.
pub(super) fn words(sums: &ObjectSums, noun: &'static str) -> String {
    format!("{}, {}", count(sums.count, noun), bytes(sums.bytes))
}

/// What every store tells: contents, manifests, packs of chunks, updates, packs of segments, manifest differences.
pub(super) fn by_kind(
    [contents, manifests, packs, updates, segments, manifest_differences]: [&ObjectSums; 6],
) -> Fields {
    vec![
        ("contents", words(contents, "content")),
        ("manifests", words(manifests, "manifest")),
        ("packs", words(packs, "pack")),
        ("updates", words(updates, "update")),
        ("segments", words(segments, "pack")),
        ("manifest differences", words(manifest_differences, "object")),
    ]
}

impl Shown for Sums {
    fn fields(&self) -> Fields {
        let mut fields = by_kind([
            &self.contents,
            &self.manifests,
            &self.packs,
            &self.updates,
            &self.segments,
            &self.manifest_differences,
        ]);
        fields.push(("unneeded", words(&self.unneeded, "pack")));
        fields
    }
}
