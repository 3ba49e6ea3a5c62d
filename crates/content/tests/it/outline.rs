//! Receiving with a partial manifest: only the blocks of files that the receiver lacks.

use std::sync::Arc;

use dray_content::ingest::KnownChunks;
use dray_content::manifest::{HEADER_BYTES_MAX, Header, Outline};
use dray_content::plan::PlanError;

use crate::world::{Files, World, noise};

#[test]
fn only_the_blocks_of_changed_files_are_needed() {
    let world = World::new();
    let mut files: Files = (0..2000).map(|n| (format!("{n:04}"), Some(noise(n, 200)))).collect();
    let old = world.publish(&files, &KnownChunks::default()).manifest;
    files.insert("1234".to_owned(), Some(noise(1_000_000, 200)));
    let new = world.publish(&files, &[&old].into_iter().collect());

    let bytes = &new.manifest_bytes;
    let slice = |range: &std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
    let header = Header::decode(&bytes[..HEADER_BYTES_MAX], &world.limits).unwrap();
    let (tree, index) = (slice(&header.tree.range), slice(&header.index.range));
    let outline = Outline::decode(&header, tree, index, &new.content, &world.limits).unwrap();
    assert!(outline.blocks_for(|_| true).len() > 4);
    let blocks = outline.blocks_for(|content| old.recipe(content).is_none());
    assert_eq!(blocks.len(), 1);
    let fetched: Vec<_> = blocks.into_iter().map(|block| (block, slice(&block.range))).collect();
    let partial = Arc::new(outline.manifest(&fetched, &world.limits).unwrap());
    assert!(partial.encode().is_err());

    world.receive(&Arc::new(old.clone()), &[]);
    world.receive(&partial, &[&old]);
    let without = dray_content::plan::plan(&partial, &[], Default::default());
    assert!(matches!(without, Err(PlanError::NoRecipe(_))));
}
